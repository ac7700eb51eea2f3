/* The same by clone3(2), whose flags no filter can see. */
#include "attack.h"

#include <linux/sched.h>
#include <signal.h>

static long attack(char **argv)
{
    (void)argv;
    struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0)
        _exit(0);
    return pid;
}
