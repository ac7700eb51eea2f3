/* A signal to a process outside. */
#include "attack.h"

#include <signal.h>

static long attack(char **argv)
{
    return kill(atoi(argv[1]), 0);
}
