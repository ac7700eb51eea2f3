#include "launch.h"

#include "binds.h"
#include "cleanup.h"
#include "cloning.h"
#include "earlybinds.h"
#include "idmap.h"
#include "marks.h"
#include "mountbase.h"
#include "starter.h"

#include <fcntl.h>
#include <linux/close_range.h>
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

typedef struct {
    const skiff_launch_options *options;
    const skiff_cgroup_entry *entry;
    int mount; /* detached copy of the root's mount, to be attached in a copy of the base; -1 */
    int pipe, init, base, user;
    int failed; /* errno of what failed before execve; the memory is shared with the child */
    const char *failed_call, *failed_step;
    skiff_error bind_error; /* of what failed, where that was a bind */
    bool early;             /* binds are made here, and not by the init */
    int mounts;             /* a copy of the caller's for that */
    uint64_t before_ns, after_ns; /* of the clone, CLOCK_BOOTTIME */
    struct {
        char *stack;
        pid_t pid; /* 0: not cloned */
        bool settled; /* it has called execve or ended */
    } inner;       /* the init, where another child has to clone it */
} child_work;

/*
 * From the caller's table of descriptors to one of its own. What is above those that are needed is not even copied: a
 * server's thousands of sockets would be copied one by one, and closed one by one at execve.
 */
static bool leave_table(const child_work *work)
{
    unsigned last = (unsigned)(work->pipe > work->init ? work->pipe : work->init);
    return syscall(SYS_close_range, last + 1, ~0u, CLOSE_RANGE_UNSHARE) == 0 || unshare(CLONE_FILES) == 0;
}

/* Put the pipe where the init looks for it, and let nothing else of this process pass execve. */
static bool arrange_descriptors(child_work *work)
{
    /* The init's descriptor must not be where the pipe goes. */
    if (work->init == SKIFF_PIPE_FD && (work->init = fcntl(work->init, F_DUPFD_CLOEXEC, SKIFF_PIPE_FD + 1)) < 0)
        return false;
    if (work->pipe == SKIFF_PIPE_FD ? fcntl(SKIFF_PIPE_FD, F_SETFD, 0) < 0 : dup2(work->pipe, SKIFF_PIPE_FD) < 0)
        return false;
    if (work->options->binds) /* nothing else is left */
        return true;
    /* Descriptors of other libraries in this process may lack O_CLOEXEC; the kernel closes them at execve. */
    return syscall(SYS_close_range, SKIFF_PIPE_FD + 1, ~0u, CLOSE_RANGE_CLOEXEC) == 0 || errno == ENOSYS ||
           errno == EINVAL;
}

/* Mounts, where they are not what clone has made; the working directory becomes the container's root. */
static bool enter_mounts(child_work *work)
{
    work->failed_call = "setns";
    if (work->user >= 0)
        return skiff_attach_over_root(work->mount);
    if (work->mount >= 0)
        return skiff_enter_mount_base(work->base, work->mount);
    work->failed_call = "chdir";
    return !work->options->root || chdir(work->options->root) == 0;
}

/*
 * The sources of bind mounts, while this process still has the caller's mounts. It has a table of descriptors of its own:
 * to make the caller's so much larger would wait for RCU, and nothing need be closed there.
 */
static bool open_binds(child_work *work)
{
    const skiff_launch_options *options = work->options;
    if (!options->binds)
        return true;
    skiff_error *err = &work->bind_error;
    int *kept[SKIFF_KEPT] = {&work->pipe, &work->init, &work->mount, &work->base, &work->user};
    if (!skiff_keep_below_binds(kept))
        skiff_fail(err, "dup3", NULL);
    else if (work->early ? (work->mounts = skiff_copy_all_mounts()) >= 0 || skiff_fail(err, "open_tree", "/")
                         : skiff_open_binds(options->binds, options->binds_length, work->user, err))
        return true;
    errno = err->errnum;
    return false;
}

static bool make_binds(child_work *work)
{
    const skiff_launch_options *options = work->options;
    if (!work->early)
        return true;
    bool done = skiff_bind_early(work->mount, work->mounts, options->binds, options->binds_length, &work->bind_error);
    close(work->mounts);
    errno = work->bind_error.errnum;
    return done;
}

/* Both children run on the caller's memory until execve: only async-signal-safe calls, no allocation. */
static int become_init(void *argument)
{
    child_work *work = argument;
    char *const argv[] = {(char *)work->options->name, (char *)work->options->argument, NULL};
    char *const env[] = {NULL};
    sigset_t none;

    if (work->user >= 0)
        work->after_ns = skiff_clock_ns(CLOCK_BOOTTIME);
    if (!enter_mounts(work) || !make_binds(work))
        goto failed;
    work->failed_call = "close_range";
    if (!work->options->binds && !leave_table(work))
        goto failed;
    work->failed_call = "dup2";
    if (!arrange_descriptors(work))
        goto failed;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    work->failed_call = "execveat";
    syscall(SYS_execveat, work->init, "", argv, env, AT_EMPTY_PATH);
failed:
    work->failed = errno;
    _exit(125);
}

/* The caller's table until the child leaves it; where it opens sources of bind mounts, a copy at once (open_binds). */
static int table_of(const child_work *work)
{
    return work->options->binds ? 0 : CLONE_FILES;
}

/*
 * A user namespace that is there already cannot be asked of clone(2), and a PID namespace is its maker's children's. So
 * this child enters and clones the init, which is the caller's child from its beginning (CLONE_PARENT). All other
 * namespaces of the init belong to the user namespace then, and it has no right in any other.
 */
static bool clone_inside(child_work *work)
{
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_NEWNS | work->options->namespaces |
                table_of(work);
    work->failed_call = "setns";
    if ((work->base >= 0 && setns(work->base, CLONE_NEWNS) != 0) || !skiff_enter_user_namespace(work->user))
        return false;
    work->failed_call = "clone";
    work->before_ns = skiff_clock_ns(CLOCK_BOOTTIME);
    if (clone(become_init, work->inner.stack + SKIFF_CHILD_STACK, flags, work, &work->inner.pid) < 0)
        return false;
    return work->inner.settled = true;
}

static int child_main(void *argument)
{
    child_work *work = argument;
    const skiff_launch_options *options = work->options;

    work->after_ns = skiff_clock_ns(CLOCK_BOOTTIME);
    work->failed_step = "join-cgroup";
    work->failed_call = "write";
    if (!skiff_enter_cgroups(work->entry))
        goto failed;
    work->failed_step = "clone";
    work->failed_call = "setns";
    if (options->network >= 0 && setns(options->network, CLONE_NEWNET) != 0)
        goto failed;
    if (!open_binds(work))
        goto failed;
    if (work->user < 0)
        return become_init(work);
    if (clone_inside(work))
        _exit(0);
failed:
    work->failed = errno;
    _exit(125);
}

static void reap(int pidfd)
{
    siginfo_t info;
    skiff_retry(waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL));
}

/* The init itself in place of the child that has cloned it. */
static bool take_inner(child_work *work, skiff_launched *launched, skiff_error *err)
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

static bool clone_in_user_namespace(child_work *work, skiff_launched *launched, skiff_error *err)
{
    _Alignas(16) char stack[SKIFF_CHILD_STACK];
    work->inner.stack = stack;
    skiff_begin_change_of_user();
    bool done = skiff_clone_child(table_of(work), work->entry->into, child_main, work, &launched->pid, &launched->pidfd,
                                  err) &&
                take_inner(work, launched, err);
    skiff_end_change_of_user();
    return done;
}

static bool clone_init(child_work *work, skiff_launched *launched, skiff_error *err)
{
    int flags = table_of(work) | work->options->namespaces;
    if (work->mount >= 0)
        flags &= ~CLONE_NEWNS;
    if (work->user >= 0
            ? !clone_in_user_namespace(work, launched, err)
            : !skiff_clone_child(flags, work->entry->into, child_main, work, &launched->pid, &launched->pidfd, err))
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
    child_work work = {.options = options,
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
        /* Links are on the way to a target, or it is not there: then one by one, which also knows best what is wrong. */
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
