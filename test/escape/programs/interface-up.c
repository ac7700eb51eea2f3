/* An address for the loopback interface: the network's set-up. */
#include "attack.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static long attack(char **argv)
{
    (void)argv;
    struct ifreq request = {.ifr_name = "lo"};
    int network = socket(AF_INET, SOCK_DGRAM, 0);
    if (network < 0 || ioctl(network, SIOCGIFFLAGS, &request) != 0)
        return -1;
    return ioctl(network, SIOCSIFFLAGS, &request);
}
