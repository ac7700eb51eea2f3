/* The read-only root, writable again. */
#include "attack.h"

#include <sys/mount.h>

static long attack(char **argv)
{
    (void)argv;
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL) != 0)
        return -1;
    return open("/written", O_WRONLY | O_CREAT, 0600);
}
