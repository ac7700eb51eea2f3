#include "starter.h"

#include "answers.h"
#include "cleanup.h"
#include "mountbase.h"
#include "protocol.h"

#include <sched.h>
#include <sys/socket.h>

bool skiff_may_order(const skiff_launch_options *options)
{
    /* Lists of texts take up to 8/5 of the bytes that they are read from, plan.c. */
    size_t needed = options->binds_length + options->plan_length + 3 * options->process_length;
    return options->mount_base >= 0 && options->root && options->user_namespace < 0 &&
           options->plan && options->process_length > 0 && needed < SKIFF_INIT_BLOCK;
}

static int carry(int *carried, int *count, int fd)
{
    if (fd < 0)
        return -1;
    carried[*count] = fd;
    return (*count)++;
}

static bool send_order(const skiff_launch_options *options, const skiff_cgroup_entry *entry, int mount, int pipe,
                       skiff_error *err)
{
    _Static_assert(SKIFF_MAX_CGROUPS + 5 <= SKIFF_CARRIED, "all of them fit into one message");
    int carried[SKIFF_CARRIED], count = 0;
    skiff_order order = {
        .namespaces = options->namespaces & ~CLONE_NEWNS,
        .file_count = entry->file_count,
        .has_binds = options->binds != NULL,
    };
    /* One by one: members of an initializer may be evaluated in any order, and each counts. */
    carry(carried, &count, pipe);
    order.mount = carry(carried, &count, mount);
    order.base = carry(carried, &count, options->mount_base);
    order.network = carry(carried, &count, options->network);
    order.into = carry(carried, &count, entry->into);
    order.files = count;
    for (int i = 0; i < entry->file_count; i++)
        carry(carried, &count, entry->files[i]);
    return skiff_send(options->starter, SKIFF_START, &order, sizeof order, carried, count, err);
}

/* It is not there, was killed before it cloned, or may not clone as it has to: clone3(2) is younger than clone(2). */
static bool is_none(int errnum)
{
    return errnum == EPIPE || errnum == ECONNRESET || errnum == ECONNREFUSED || errnum == ENOSYS;
}

static bool take_born(skiff_launched *launched, skiff_error *err)
{
    skiff_header header;
    skiff_born born;
    if (!skiff_await_answer(launched->pipe, &header, &launched->pidfd, err))
        return false;
    if (header.type != SKIFF_BORN || header.length != sizeof born)
        return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    if (!skiff_receive_exact(launched->pipe, &born, sizeof born, err))
        return false;
    launched->pid = born.pid;
    launched->start_ticks = born.ticks;
    launched->on_base = launched->has_plan = true;
    if (born.failed.errnum == 0)
        return true;
    *err = born.failed;
    return false;
}

/* They are there before the one that reads them, and few enough for the socket to take them. */
static bool send_plans(const skiff_launch_options *options, int pipe, skiff_error *err)
{
    return (!options->binds ||
            skiff_send(pipe, SKIFF_BINDS, options->binds, (uint32_t)options->binds_length, NULL, 0, err)) &&
           skiff_send(pipe, SKIFF_PLAN | SKIFF_PLAN_ON_BASE, options->plan, (uint32_t)options->plan_length, NULL, 0, err);
}

static bool order(const skiff_launch_options *options, skiff_launched *launched, skiff_error *err)
{
    cleanup_cgroup_entry skiff_cgroup_entry entry = {.into = -1};
    cleanup_fd int theirs = -1;
    if (!skiff_open_cgroups(options->cgroups, options->cgroup_count, true, &entry, err))
        return false;
    cleanup_fd int mount = skiff_copy_mount(options->root);
    if (mount < 0)
        return skiff_fail_with(err, ENOSYS, "open_tree", options->root);
    if (options->binds && !skiff_step(&options->fault, "bind-source", err))
        return false;
    skiff_error_text(err->step, sizeof err->step, "clone");
    if (!skiff_open_pipe(SOCK_STREAM, &launched->pipe, &theirs, err) || !send_plans(options, launched->pipe, err) ||
        !send_order(options, &entry, mount, theirs, err))
        return false;
    /* That it ends is seen only where nobody else holds its end. */
    skiff_close_fd(&theirs);
    theirs = -1;
    return take_born(launched, err);
}

skiff_ordered skiff_order_launch(const skiff_launch_options *options, skiff_launched *launched, skiff_error *err)
{
    if (options->cgroup_count > 0 && !skiff_step(&options->fault, "join-cgroup", err))
        return SKIFF_REFUSED;
    launched->pidfd = launched->pipe = -1;
    if (order(options, launched, err))
        return SKIFF_ORDERED;
    bool none = launched->pidfd < 0 && is_none(err->errnum);
    skiff_abandon(launched);
    return none ? SKIFF_NO_STARTER : SKIFF_REFUSED;
}
