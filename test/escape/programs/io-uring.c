/* io_uring: calls that no filter sees, and many holes. */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    unsigned params[30] = {0};
    return syscall(SYS_io_uring_setup, 2, params);
}
