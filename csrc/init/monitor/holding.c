#include "holding.h"

#include <errno.h>
#include <string.h>

static bool is_paused(const skiff_life *life)
{
    return strcmp(life->state.status, "paused") == 0;
}

/* Nobody holds what is frozen already: who lets go of it would thaw it. */
bool skiff_take_hold(const skiff_life *life, const skiff_clients *clients, skiff_client *client, bool begins)
{
    bool taken = is_paused(life);
    for (size_t i = 0; i < clients->count; i++)
        taken |= clients->list[i].holds;
    if (begins && (taken || life->pidfd < 0)) {
        errno = taken ? EBUSY : ESRCH;
        return false;
    }
    client->holds = begins;
    return true;
}

void skiff_let_go(skiff_life *life)
{
    skiff_thaw_cgroups(life->request.cgroups, life->request.cgroup_count);
    if (life->pidfd >= 0 && is_paused(life))
        skiff_note(life, "running");
}

/* Between two runs there is nothing that could be frozen. */
bool skiff_note_paused(skiff_life *life, bool paused)
{
    errno = ESRCH;
    if (life->pidfd < 0)
        return false;
    skiff_note(life, paused ? "paused" : "running");
    return true;
}
