/* A process outside, traced. */
#include "attack.h"

#include <sys/ptrace.h>

static long attack(char **argv)
{
    return ptrace(PTRACE_SEIZE, atoi(argv[1]), NULL, NULL);
}
