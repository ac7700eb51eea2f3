/* A program that wants to be woken each millisecond. Until its input ends; then it says how much later than wanted it was, in
 * microseconds: the median, the 99th percentile, the most. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 60000, EACH_NS = 1000000 };

static long since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000000000L + now.tv_nsec - start->tv_nsec;
}

static int compare(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static long late[MAX];
    int count = 0;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (count < MAX && poll(&input, 1, 0) == 0) {
        struct timespec start, pause = {0, EACH_NS};
        clock_gettime(CLOCK_MONOTONIC, &start);
        nanosleep(&pause, NULL);
        late[count++] = (since(&start) - EACH_NS) / 1000;
    }
    qsort(late, (size_t)count, sizeof *late, compare);
    if (count > 0)
        printf("%ld %ld %ld\n", late[count / 2], late[count - 1 - count / 100], late[count - 1]);
    return count > 0 ? 0 : 1;
}
