#include "loopback.h"

#include "cleanup.h"

#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

bool skiff_raise_loopback(void)
{
    cleanup_fd int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "lo"};
    if (socket_fd < 0 || ioctl(socket_fd, SIOCGIFFLAGS, &request) != 0)
        return false;
    /* Asking is free; setting takes the lock that all network namespaces share. */
    if (request.ifr_flags & IFF_UP)
        return true;
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    return ioctl(socket_fd, SIOCSIFFLAGS, &request) == 0;
}
