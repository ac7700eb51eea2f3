/* Keys of the kernel, which know no namespace of containers. */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    enum { PROCESS_KEYRING = -2 };
    return syscall(SYS_add_key, "user", "attack", "x", 1, PROCESS_KEYRING);
}
