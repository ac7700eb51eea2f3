#include "network.h"

#include "cloning.h"
#include "loopback.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

typedef struct {
    int fd;
    int failed;
    const char *failed_call;
} making;

/* In the child: the caller's memory and, by CLONE_FILES, its descriptors. */
static int make_in_child(void *argument)
{
    making *work = argument;
    work->failed_call = "ioctl SIOCSIFFLAGS";
    if (skiff_raise_loopback()) {
        work->failed_call = "open";
        work->fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    }
    if (work->fd < 0)
        work->failed = errno;
    _exit(0);
}

bool skiff_make_network(int *namespace_fd, skiff_error *err)
{
    making work = {.fd = -1};
    if (!skiff_run_in_child(CLONE_FILES | CLONE_NEWNET, make_in_child, &work, err))
        return false;
    if (work.failed != 0)
        return skiff_fail_with(err, work.failed, work.failed_call, "network namespace");
    *namespace_fd = work.fd;
    return true;
}
