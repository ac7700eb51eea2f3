/* The root of a process outside, by its link in /proc. argv[1]: the pid. */
#include "attack.h"

static long attack(char **argv)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/root/proc", argv[1]);
    return open(path, O_RDONLY | O_DIRECTORY);
}
