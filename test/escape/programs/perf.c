/* Counters of the kernel. */
#include "attack.h"

#include <linux/perf_event.h>

static long attack(char **argv)
{
    (void)argv;
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .config = PERF_COUNT_SW_CPU_CLOCK};
    return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}
