/* A file that tells of the host, or of its memory. */
#include "attack.h"

static long attack(char **argv)
{
    char byte;
    int file = open(argv[1], O_RDONLY);
    long length = file < 0 ? -1 : read(file, &byte, 1);
    if (length != 0)
        return length;
    errno = ENODATA;
    return -1;
}
