#include "starter.h"

#include "../core/binds.h"
#include "../core/cgroup.h"
#include "../core/cleanup.h"
#include "../core/cloning.h"
#include "../core/marks.h"
#include "../core/mountbase.h"
#include "../core/protocol.h"
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* One init, in memory that it shares with this process. */
typedef struct {
    skiff_order order;
    int carried[SKIFF_CARRIED], count;
    skiff_cgroup_entry entry;
    uint64_t before_ns; /* the clone, CLOCK_BOOTTIME */
    pid_t pid;          /* there when the child begins */
    int pidfd;
    bool told; /* it has told of itself */
} birth;

static bool is_carried(const birth *b, int place)
{
    return place >= 0 && place < b->count;
}

/* False where the order tells of descriptors that did not come. */
static bool read_order(birth *b)
{
    const skiff_order *order = &b->order;
    b->entry = (skiff_cgroup_entry){.into = is_carried(b, order->into) ? b->carried[order->into] : -1};
    if (!is_carried(b, order->mount) || !is_carried(b, order->base) || order->file_count < 0 ||
        order->file_count > SKIFF_MAX_CGROUPS || (order->file_count > 0 && !is_carried(b, order->files)) ||
        order->file_count > b->count - order->files)
        return false;
    for (int i = 0; i < order->file_count; i++)
        b->entry.files[b->entry.file_count++] = b->carried[order->files + i];
    return true;
}

/* BORN of what was cloned, or of what could not be. */
static bool tell(const skiff_born *born, int pidfd)
{
    skiff_error ignored;
    return skiff_send(SKIFF_PIPE_FD, SKIFF_BORN, born, sizeof *born, &pidfd, pidfd >= 0, &ignored);
}

/* What of it is still needed in the child, in whichever table of descriptors that has. */
typedef struct {
    int pipe, mount, base, pidfd, none;
} child_descriptors;

/* The sources of bind mounts, while the child still has the caller's mounts. */
static bool open_binds(child_descriptors *own, skiff_error *err)
{
    const void *records;
    uint32_t length;
    int *const kept[SKIFF_KEPT] = {&own->pipe, &own->mount, &own->base, &own->pidfd, &own->none};
    skiff_error_text(err->step, sizeof err->step, "bind-source");
    if (unshare(CLONE_FILES) != 0)
        return skiff_fail(err, "unshare", NULL);
    return skiff_receive_binds(&records, &length, err) &&
           (skiff_keep_below_binds(kept) || skiff_fail(err, "dup3", NULL)) &&
           skiff_open_binds(records, length, -1, err);
}

static bool enter(const birth *b, child_descriptors *own, skiff_error *err)
{
    const skiff_order *order = &b->order;
    skiff_error_text(err->step, sizeof err->step, "join-cgroup");
    if (!skiff_enter_cgroups(&b->entry))
        return skiff_fail(err, "write", "skiff-init");
    skiff_error_text(err->step, sizeof err->step, "clone");
    if (is_carried(b, order->network) && setns(b->carried[order->network], CLONE_NEWNET) != 0)
        return skiff_fail(err, "setns", "skiff-init");
    if (order->has_binds && !open_binds(own, err))
        return false;
    skiff_error_text(err->step, sizeof err->step, "clone");
    return skiff_enter_mount_base(own->base, own->mount) || skiff_fail(err, "setns", "skiff-init");
}

/* Nothing but the pipe, and the sources of bind mounts, is the container's. */
static bool leave_descriptors(const birth *b)
{
    return b->order.has_binds ? syscall(SYS_close_range, SKIFF_PIPE_FD + 1, SKIFF_BIND_FD - 1, 0) == 0
                              : syscall(SYS_close_range, SKIFF_PIPE_FD + 1, ~0u, CLOSE_RANGE_UNSHARE) == 0;
}

/* The table of descriptors is the starter's until the child leaves it. */
static int child_main(void *argument)
{
    birth *b = argument;
    skiff_born born = {.pid = b->pid, .ticks = skiff_clone_ticks(b->before_ns, skiff_clock_ns(CLOCK_BOOTTIME))};
    child_descriptors own = {.pipe = SKIFF_PIPE_FD,
                             .mount = b->carried[b->order.mount],
                             .base = b->carried[b->order.base],
                             .pidfd = b->pidfd,
                             .none = -1};
    skiff_error err = {0};
    bool entered = enter(b, &own, &born.failed);
    b->told = tell(&born, own.pidfd);
    if (!b->told || !entered)
        return 125;
    skiff_error_text(err.step, sizeof err.step, "clone");
    if (!leave_descriptors(b))
        skiff_fail(&err, "close_range", NULL);
    else if (skiff_begin_init(&err))
        return skiff_run_init();
    return skiff_give_up(&err);
}

/* False where this machine lets nobody clone as it has to be. */
static bool carry_out(birth *b)
{
    skiff_born unborn = {0};
    skiff_error *err = &unborn.failed;
    b->pidfd = -1;
    skiff_error_text(err->step, sizeof err->step, "clone");
    b->before_ns = skiff_clock_ns(CLOCK_BOOTTIME);
    int flags = CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_FILES | b->order.namespaces;
    if (!read_order(b))
        skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    else if (skiff_clone_child(flags, b->entry.into, child_main, b, &b->pid, &b->pidfd, err) && !b->told)
        skiff_fail_with(err, EPIPE, "clone", "skiff-init"); /* it was killed before it could tell */
    if (b->told)
        return true;
    unborn.pid = b->pidfd >= 0 ? b->pid : 0;
    tell(&unborn, b->pidfd);
    return err->errnum != ENOSYS;
}

int skiff_serve_orders(int pipe)
{
    skiff_error ignored;
    /* Its number is to be that of the pipe that comes with each order. */
    int orders = fcntl(pipe, F_DUPFD_CLOEXEC, pipe + 1);
    if (orders < 0 || chdir("/") != 0)
        return 125;
    close(pipe);
    for (;;) {
        birth b = {0};
        bool received = skiff_receive_packet(orders, SKIFF_START, &b.order, sizeof b.order, b.carried, SKIFF_CARRIED,
                                             &b.count, &ignored);
        if (!received && b.count == 0)
            return 0;
        if (received && b.count > 0 && b.carried[0] == SKIFF_PIPE_FD && !carry_out(&b))
            return 1;
        skiff_forget_init();
        close(SKIFF_PIPE_FD);
        syscall(SYS_close_range, orders + 1, ~0u, 0);
        /* A change of user in a child may have changed it for all of this memory, prctl(2). */
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
}
