#include "network.h"

#include "cloning.h"
#include "loopback.h"

#include <fcntl.h>
#include <sched.h>

static bool make(skiff_making *work)
{
    work->failed_call = "ioctl SIOCSIFFLAGS";
    if (!skiff_raise_loopback())
        return false;
    work->failed_call = "open";
    work->fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    return work->fd >= 0;
}

bool skiff_make_network(int *namespace_fd, skiff_error *err)
{
    return skiff_make_namespace(CLONE_NEWNET, make, namespace_fd, err);
}
