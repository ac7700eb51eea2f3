/* The end of the machine. The magic numbers are wrong. */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    return reached(syscall(SYS_reboot, 1, 2, 3, NULL));
}
