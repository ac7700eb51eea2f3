/* What every attack program shares: it tries one thing, and exits with 0 where that succeeded, else with 1 and the reason. */
#ifndef SKIFF_TEST_ATTACK_H
#define SKIFF_TEST_ATTACK_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not negative where it succeeded; else errno tells why not. */
static long attack(char **argv);

/* The kernel got as far as to look at the (wrong) arguments: the attack's caller may do it. */
static inline long reached(long result)
{
    return errno == EPERM || errno == ENOSYS ? result : 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    errno = 0;
    if (attack(argv) >= 0) {
        puts("succeeded");
        return 0;
    }
    printf("%s\n", strerror(errno));
    return 1;
}

#endif
