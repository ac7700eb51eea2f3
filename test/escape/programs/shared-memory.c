/* System V shared memory of the host. "make" makes it, for the control. */
#include "attack.h"

#include <sys/shm.h>

static long attack(char **argv)
{
    int key = atoi(argv[1]);
    return shmget(key, 4096, argv[2] ? IPC_CREAT | 0600 : 0);
}
