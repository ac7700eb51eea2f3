/* What hides a file of /proc, unmounted. argv[1]: the masked file. */
#include "attack.h"

#include <sys/mount.h>

static long attack(char **argv)
{
    return umount2(argv[1], MNT_DETACH);
}
