/* No attack: takes a key out of the user's keyring again. */
#include "attack.h"

#include <linux/keyctl.h>

static long attack(char **argv)
{
    long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", argv[1], 0);
    return key < 0 ? -1 : syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING);
}
