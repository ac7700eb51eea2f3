/* A key in the session keyring of whoever started the container. */
#include "attack.h"

static long attack(char **argv)
{
    enum { SEARCH = 10, SESSION_KEYRING = -3 };
    return syscall(SYS_keyctl, SEARCH, SESSION_KEYRING, "user", argv[1], 0);
}
