#include "network.h"

#include "cloning.h"
#include "idmap.h"
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

static bool make_inside(skiff_making *work)
{
    work->failed_call = "setns";
    if (!skiff_enter_user_namespace(work->user))
        return false;
    work->failed_call = "unshare";
    return unshare(CLONE_NEWNET) == 0 && make(work);
}

bool skiff_make_network(int *namespace_fd, skiff_error *err)
{
    return skiff_make_namespace(CLONE_NEWNET, -1, make, namespace_fd, err);
}

bool skiff_make_network_inside(int user_namespace, int *namespace_fd, skiff_error *err)
{
    skiff_begin_change_of_user();
    bool done = skiff_make_namespace(0, user_namespace, make_inside, namespace_fd, err);
    skiff_end_change_of_user();
    return done;
}
