/* cpu-time: each of them stays below the limit for a while */
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    for (int i = 0; i < 8; i++)
        if (fork() == 0)
            for (;;)
                ;
    while (wait(NULL) > 0)
        ;
}
