/* disk */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
    static char page[1 << 16];
    int file = open("/w/file", O_CREAT | O_WRONLY, 0600);
    while (write(file, page, sizeof page) > 0)
        ;
    return 1;
}
