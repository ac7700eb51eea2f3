/* Whether and when a command that has ended is run again. */
#ifndef SKIFF_MONITOR_POLICY_H
#define SKIFF_MONITOR_POLICY_H

#include "request.h"

/* By the container's policy; `restarts` tells how often that was done since it was started by hand. */
bool skiff_wants_restart(const skiff_amendable *policy, int exit_code, uint32_t restarts);

/* Milliseconds to wait before the next run: as in Docker twice as long each time, up to a minute, and from the start again
 * after a run that lasted. `before` is the wait before the run that has ended, 0 where there was none. */
uint32_t skiff_restart_wait(uint32_t before, uint64_t run_ms);

#endif
