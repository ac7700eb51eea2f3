/* A descriptor of a process outside, by its pidfd. argv[1]: the pid. */
#include "attack.h"

static long attack(char **argv)
{
    long pidfd = syscall(SYS_pidfd_open, atoi(argv[1]), 0);
    return pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, 0, 0);
}
