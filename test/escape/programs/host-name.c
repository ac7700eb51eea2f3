/* The host name, set to what it is. */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    char name[256] = "";
    return gethostname(name, sizeof name) != 0 ? -1 : sethostname(name, strlen(name));
}
