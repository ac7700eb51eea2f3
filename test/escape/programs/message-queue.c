/* A POSIX message queue of the host. */
#include "attack.h"

#include <mqueue.h>

static long attack(char **argv)
{
    return mq_open(argv[1], argv[2] ? O_RDWR | O_CREAT : O_RDWR, 0600, NULL);
}
