/* A socket to the hypervisor, past all network namespaces. */
#include "attack.h"

#include <sys/socket.h>

static long attack(char **argv)
{
    (void)argv;
    enum { VSOCK = 40 };
    long made = socket(VSOCK, SOCK_STREAM, 0);
    return made < 0 && errno == EAFNOSUPPORT ? 0 : made;
}
