#include "keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool skiff_join_keyring(skiff_error *err)
{
    /* Without a name, so that no other container can ask for the same one. */
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0)
        return true;
    /* A kernel without keys has none to be kept from. */
    return errno == ENOSYS || skiff_fail(err, "keyctl", "session keyring");
}
