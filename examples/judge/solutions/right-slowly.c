/* accepted: takes its time, within the limit */
#include <stdio.h>
#include <time.h>

int main(void)
{
    long a, b;
    if (scanf("%ld %ld", &a, &b) != 2)
        return 1;
    while (clock() < CLOCKS_PER_SEC / 20)
        ;
    printf("%ld\n", a + b);
}
