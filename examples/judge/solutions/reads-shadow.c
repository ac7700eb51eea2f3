/* nonzero: it is not there, or not for it */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
    static char text[1 << 16];
    int file = open("/etc/shadow", O_RDONLY);
    if (file < 0)
        return 1;
    return write(1, text, (size_t)read(file, text, sizeof text)) < 0;
}
