#include "policy.h"

#include "../../core/plan.h"

#define FIRST_WAIT_MS 100
#define LONGEST_WAIT_MS 60000
#define LASTING_MS 10000

bool skiff_wants_restart(const skiff_amendable *policy, int exit_code, uint32_t restarts)
{
    switch (policy->restart) {
    case SKIFF_RESTART_ALWAYS:
    case SKIFF_RESTART_UNLESS_STOPPED:
        return true;
    case SKIFF_RESTART_ON_FAILURE:
        return exit_code != 0 && (policy->restart_limit == 0 || restarts < policy->restart_limit);
    default:
        return false;
    }
}

uint32_t skiff_restart_wait(uint32_t before, uint64_t run_ms)
{
    if (before == 0 || run_ms >= LASTING_MS)
        return FIRST_WAIT_MS;
    return before > LONGEST_WAIT_MS / 2 ? LONGEST_WAIT_MS : before * 2;
}
