/* The machine's clock, by its tick, which stays what it is. */
#include "attack.h"

#include <sys/timex.h>

static long attack(char **argv)
{
    (void)argv;
    struct timex now = {.modes = 0};
    if (adjtimex(&now) < 0)
        return -1;
    struct timex same = {.modes = ADJ_TICK, .tick = now.tick};
    return adjtimex(&same);
}
