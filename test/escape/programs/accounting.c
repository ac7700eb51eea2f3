/* Accounting of the machine's processes, which also writes a file for the kernel. Turned off, as it is. */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    return acct(NULL);
}
