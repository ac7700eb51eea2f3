/* A user namespace, and with it all capabilities and all that the kernel lets them do. */
#include "attack.h"

#include <sched.h>

static long attack(char **argv)
{
    (void)argv;
    return unshare(CLONE_NEWUSER);
}
