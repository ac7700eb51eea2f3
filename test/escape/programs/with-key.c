/* No attack: a program in a session keyring that has a key of a name. argv: name, program, argument. */
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 4 || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
        syscall(SYS_add_key, "user", argv[1], "x", 1, KEY_SPEC_SESSION_KEYRING) < 0)
        return 2;
    execv(argv[2], argv + 2);
    return 3;
}
