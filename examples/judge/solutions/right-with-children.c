/* accepted: processes of its own, within their limit */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    long numbers[2];
    if (scanf("%ld %ld", &numbers[0], &numbers[1]) != 2)
        return 1;
    int ends[2];
    if (pipe(ends) != 0)
        return 1;
    for (int i = 0; i < 2; i++)
        if (fork() == 0)
            _exit(write(ends[1], &numbers[i], sizeof numbers[i]) != sizeof numbers[i]);
    long sum = 0;
    for (int i = 0; i < 2; i++) {
        long number;
        if (read(ends[0], &number, sizeof number) != sizeof number)
            return 1;
        sum += number;
    }
    while (wait(NULL) > 0)
        ;
    printf("%ld\n", sum);
}
