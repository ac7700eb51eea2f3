/* Swap. */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    return reached(syscall(SYS_swapon, "/no/such/file", 0));
}
