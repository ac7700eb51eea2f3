/* An abstract socket of the host, which has no file that could be kept away. */
#include "attack.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static long attack(char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path + 1, argv[1]);
    socklen_t exact = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[1]));
    int ours = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(ours, (struct sockaddr *)&address, exact) == 0)
        return 0;
    /* Node 20 has the rest of the name filled up with NUL. */
    return connect(ours, (struct sockaddr *)&address, sizeof address);
}
