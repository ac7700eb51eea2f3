#include "../../core/plan.h"
#include "../../init/monitor/policy.h"
#include "../check.h"
#include "tests.h"

static bool wants(uint32_t restart, uint32_t limit, int exit_code, uint32_t restarts)
{
    skiff_amendable policy = {.restart = restart, .restart_limit = limit};
    return skiff_wants_restart(&policy, exit_code, restarts);
}

static void test_waits(void)
{
    const uint32_t expected[] = {100,  200,   400,   800,   1600,  3200,  6400,
                                 12800, 25600, 51200, 60000, 60000, 60000};
    uint32_t wait = 0;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        wait = skiff_restart_wait(wait, 5);
        CHECK(wait == expected[i]);
    }
    CHECK(skiff_restart_wait(wait, 9999) == 60000);
    CHECK(skiff_restart_wait(wait, 10000) == 100); /* a run that lasted makes good for those before */
    CHECK(skiff_restart_wait(0, 10000) == 100);
    CHECK(skiff_restart_wait(UINT32_MAX, 0) == 60000);
}

void test_policy(void)
{
    test_waits();
    CHECK(!wants(SKIFF_RESTART_NO, 0, 1, 0) && !wants(SKIFF_RESTART_NO, 0, 0, 0));
    CHECK(wants(SKIFF_RESTART_ALWAYS, 0, 0, 1000) && wants(SKIFF_RESTART_UNLESS_STOPPED, 0, 137, 1000));
    CHECK(!wants(SKIFF_RESTART_ON_FAILURE, 0, 0, 0) && wants(SKIFF_RESTART_ON_FAILURE, 0, 1, 1000));
    CHECK(wants(SKIFF_RESTART_ON_FAILURE, 3, 1, 2) && !wants(SKIFF_RESTART_ON_FAILURE, 3, 1, 3));
    CHECK(!wants(77, 0, 1, 0)); /* one that this monitor does not know */
}
