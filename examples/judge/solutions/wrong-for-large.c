/* wrong: in the last case only */
#include <stdio.h>

int main(void)
{
    int a, b;
    if (scanf("%d %d", &a, &b) != 2)
        return 1;
    printf("%u\n", (unsigned)a + (unsigned)b);
}
