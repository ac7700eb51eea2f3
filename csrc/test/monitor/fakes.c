#include "fakes.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

int64_t fake_room = -1;
uint64_t fake_writes;
int64_t fake_later;
int64_t fake_now;

ssize_t __real_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
    fake_writes++;
    if (fake_room == 0) {
        errno = ENOSPC;
        return -1;
    }
    if (fake_room > 0 && length > (size_t)fake_room)
        length = (size_t)fake_room;
    ssize_t written = __real_write(fd, bytes, length);
    if (fake_room > 0 && written > 0)
        fake_room -= written;
    return written;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = __real_clock_gettime(clock, now);
    if (fake_now > 0)
        *now = (struct timespec){.tv_sec = fake_now};
    now->tv_sec += fake_later;
    return result;
}
