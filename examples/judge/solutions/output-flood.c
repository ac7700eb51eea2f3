/* output */
#include <unistd.h>

int main(void)
{
    static char page[1 << 16];
    for (;;)
        write(1, page, sizeof page);
}
