/* The CPU before all others, by the real-time scheduler. */
#include "attack.h"

#include <sched.h>

static long attack(char **argv)
{
    (void)argv;
    struct sched_param first = {.sched_priority = 1};
    return sched_setscheduler(0, SCHED_FIFO, &first);
}
