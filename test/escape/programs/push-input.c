/* Characters pushed into the input of a terminal, as if they had been typed at it. argv[1]: where a descriptor of it is. */
#include "attack.h"

#include <sys/ioctl.h>

static long attack(char **argv)
{
    return ioctl(atoi(argv[1]), TIOCSTI, "#");
}
