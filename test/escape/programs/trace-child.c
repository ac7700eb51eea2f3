/* A process of its own, traced: tracers are what filters of system calls have been passed by. */
#include "attack.h"

#include <sys/ptrace.h>

static long attack(char **argv)
{
    (void)argv;
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
