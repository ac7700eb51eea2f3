/* Faults of the kernel, held up at will: what many exploits are made with. */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    return syscall(SYS_userfaultfd, O_CLOEXEC | 1);
}
