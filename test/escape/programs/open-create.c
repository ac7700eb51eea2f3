/* A new file. */
#include "attack.h"

static long attack(char **argv)
{
    return open(argv[1], O_WRONLY | O_CREAT, 0600);
}
