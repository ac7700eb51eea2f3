/* A socket that sees every packet. */
#include "attack.h"

#include <sys/socket.h>

static long attack(char **argv)
{
    (void)argv;
    return socket(AF_PACKET, SOCK_RAW, 0);
}
