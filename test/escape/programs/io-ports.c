/* Ports of the hardware. */
#include "attack.h"

#include <sys/io.h>

static long attack(char **argv)
{
    (void)argv;
    return iopl(3);
}
