/* A call of i386 in a program of x86-64: keyctl, so that a filter of x86-64 numbers sees another one. */
#include "attack.h"

static long attack(char **argv)
{
    (void)argv;
    long result = 288; /* keyctl; its command 0 is KEYCTL_GET_KEYRING_ID, of the process keyring, to be made */
    __asm__ volatile("int $0x80" : "+a"(result) : "b"(0), "c"(-2), "d"(1) : "memory", "r8", "r9", "r10", "r11");
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return 0;
}
