/* The same by clone(2). */
#include "attack.h"

#include <sched.h>
#include <signal.h>

static long attack(char **argv)
{
    (void)argv;
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    return pid;
}
