/* A memory layout without chance: ADDR_NO_RANDOMIZE. */
#include "attack.h"

#include <sys/personality.h>

static long attack(char **argv)
{
    (void)argv;
    return personality(ADDR_NO_RANDOMIZE);
}
