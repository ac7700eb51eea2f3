#include "launch.h"

#include "binds.h"
#include "birth.h"
#include "cleanup.h"
#include "cloning.h"
#include "idmap.h"
#include "marks.h"
#include "mountbase.h"
#include "starter.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static void reap(int pidfd)
{
    siginfo_t info;
    skiff_retry(waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL));
}

/* The init itself in place of the child that has cloned it. */
static bool take_inner(skiff_birth *work, skiff_launched *launched, skiff_error *err)
{
    reap(launched->pidfd);
    skiff_close_fd(&launched->pidfd);
    launched->pidfd = -1;
    launched->pid = work->inner.pid;
    if (work->inner.pid == 0)
        return work->failed != 0 || skiff_fail_with(err, EPIPE, "clone", work->options->name);
    /* A child of ours that was not waited for: the pid is its own. */
    launched->pidfd = (int)syscall(SYS_pidfd_open, work->inner.pid, 0);
    if (launched->pidfd >= 0 && work->inner.settled)
        return true;
    skiff_fail_with(err, launched->pidfd < 0 ? errno : EPIPE, "pidfd_open", NULL);
    kill(work->inner.pid, SIGKILL);
    waitpid(work->inner.pid, NULL, __WALL);
    skiff_close_fd(&launched->pidfd);
    launched->pidfd = -1;
    return false;
}

static bool clone_in_user_namespace(skiff_birth *work, skiff_launched *launched, skiff_error *err)
{
    _Alignas(16) char stack[SKIFF_CHILD_STACK];
    work->inner.stack = stack;
    skiff_begin_change_of_user();
    bool done = skiff_clone_child(skiff_table_of(work), work->entry->into, skiff_be_born, work, &launched->pid, &launched->pidfd,
                                  err) &&
                take_inner(work, launched, err);
    skiff_end_change_of_user();
    return done;
}

static bool clone_init(skiff_birth *work, skiff_launched *launched, skiff_error *err)
{
    int flags = skiff_table_of(work) | work->options->namespaces;
    if (work->mount >= 0)
        flags &= ~CLONE_NEWNS;
    if (work->user >= 0
            ? !clone_in_user_namespace(work, launched, err)
            : !skiff_clone_child(flags, work->entry->into, skiff_be_born, work, &launched->pid, &launched->pidfd, err))
        return false;
    if (work->failed == 0)
        return true;
    if (work->bind_error.errnum != 0) {
        *err = work->bind_error;
        skiff_error_text(err->step, sizeof err->step, "bind-source");
        return false;
    }
    skiff_error_text(err->step, sizeof err->step, work->failed_step);
    return skiff_fail_with(err, work->failed, work->failed_call, work->options->name);
}

static bool clone_into_cgroups(const skiff_launch_options *options, int pipe, bool by_clone, bool early,
                               skiff_launched *launched, skiff_error *err)
{
    cleanup_cgroup_entry skiff_cgroup_entry entry = {.into = -1};
    if (options->cgroup_count > 0 && !skiff_step(&options->fault, "join-cgroup", err))
        return false;
    if (!skiff_open_cgroups(options->cgroups, options->cgroup_count, by_clone, &entry, err))
        return false;
    /* Where the kernel is too old for it, or a filter forbids it, the caller's mounts are copied. */
    bool attached = options->mount_base >= 0 || options->user_namespace >= 0;
    cleanup_fd int mount = options->root && attached ? skiff_copy_mount(options->root) : -1;
    if (options->user_namespace >= 0 && mount < 0)
        return skiff_fail_with(err, ENOSYS, "open_tree", options->root);
    if (options->binds && !skiff_step(&options->fault, "bind-source", err))
        return false;
    skiff_birth work = {.options = options,
                       .entry = &entry,
                       .mount = mount,
                       .pipe = pipe,
                       .init = options->init,
                       .base = options->mount_base,
                       .early = early && mount >= 0,
                       .user = options->user_namespace};
    launched->on_base = mount >= 0 && options->mount_base >= 0;
    launched->has_binds = work.early;
    skiff_error_text(err->step, sizeof err->step, "clone");
    work.before_ns = skiff_clock_ns(CLOCK_BOOTTIME);
    bool done = clone_init(&work, launched, err);
    launched->start_ticks = skiff_clone_ticks(work.before_ns, work.after_ns);
    return done;
}

static bool try_launch(const skiff_launch_options *options, int pipe, bool early, skiff_launched *launched,
                       skiff_error *err)
{
    bool done = clone_into_cgroups(options, pipe, true, early, launched, err);
    /* No clone3 for cgroups here: the child puts itself in. */
    return done || launched->pidfd >= 0 || err->errnum != ENOSYS
               ? done
               : clone_into_cgroups(options, pipe, false, early, launched, err);
}

static void abandon_child(skiff_launched *launched)
{
    if (launched->pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, launched->pidfd, SIGKILL, NULL, 0);
        reap(launched->pidfd);
    }
    skiff_close_fd(&launched->pidfd);
    launched->pidfd = -1;
}

bool skiff_launch(const skiff_launch_options *options, int type, skiff_launched *launched, skiff_error *err)
{
    *launched = (skiff_launched){.pidfd = -1, .pipe = -1};
    cleanup_fd int theirs = -1;
    if (!skiff_step(&options->fault, "clone", err))
        return false;
    bool early = options->binds && options->mount_base >= 0 && options->user_namespace < 0 &&
                 skiff_are_early(options->binds, options->binds_length);
    if (options->starter >= 0 && !early && skiff_may_order(options)) {
        skiff_ordered ordered = skiff_order_launch(options, launched, err);
        if (ordered != SKIFF_NO_STARTER)
            return ordered == SKIFF_ORDERED;
    }
    if (!skiff_open_pipe(type, &launched->pipe, &theirs, err))
        return false;
    bool done = try_launch(options, theirs, early, launched, err);
    if (!done && early) {
        /* A link is on the way to a target, or another mount: then one by one, which also knows best what is wrong. */
        abandon_child(launched);
        done = try_launch(options, theirs, false, launched, err);
    }
    if (!done)
        skiff_abandon(launched);
    return done;
}

void skiff_abandon(skiff_launched *launched)
{
    abandon_child(launched);
    skiff_close_fd(&launched->pipe);
    *launched = (skiff_launched){.pidfd = -1, .pipe = -1};
}
