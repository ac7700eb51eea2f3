/* More of the CPU than others, by priority. */
#include "attack.h"

#include <sys/resource.h>

static long attack(char **argv)
{
    (void)argv;
    return setpriority(PRIO_PROCESS, 0, -20);
}
