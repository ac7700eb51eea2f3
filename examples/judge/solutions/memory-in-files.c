/* memory: of files that are nowhere, and of no process */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
    static char page[1 << 20];
    for (;;) {
        int file = memfd_create("more", 0);
        for (int i = 0; i < 8; i++)
            if (write(file, page, sizeof page) < 0)
                return 1;
    }
}
