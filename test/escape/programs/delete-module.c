/* A module of the kernel, taken out. */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    return reached(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK));
}
