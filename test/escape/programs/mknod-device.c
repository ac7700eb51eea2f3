/* A device node of its own, anywhere: the log of the kernel stands for a disk. */
#include "attack.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

static long attack(char **argv)
{
    char path[256];
    snprintf(path, sizeof path, "%s/node", argv[1]);
    if (mknod(path, S_IFCHR | 0600, makedev(1, 11)) != 0)
        return -1;
    return open(path, O_RDONLY);
}
