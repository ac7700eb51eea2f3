/* A file by which the kernel takes orders. Nothing is written. */
#include "attack.h"

static long attack(char **argv)
{
    return open(argv[1], O_WRONLY);
}
