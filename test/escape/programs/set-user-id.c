/* Root, by a program with its set-user-id bit: this one. */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    errno = EPERM;
    return geteuid() == 0 ? 0 : -1;
}
