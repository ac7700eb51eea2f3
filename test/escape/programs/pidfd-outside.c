/* The same by a descriptor. */
#include "attack.h"

static long attack(char **argv)
{
    long pidfd = syscall(SYS_pidfd_open, atoi(argv[1]), 0);
    return pidfd < 0 ? -1 : syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0);
}
