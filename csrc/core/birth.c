#include "birth.h"

#include "binds.h"
#include "cleanup.h"
#include "cloning.h"
#include "earlybinds.h"
#include "idmap.h"
#include "marks.h"
#include "mountbase.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

/*
 * From the caller's table of descriptors to one of its own. What is above those that are needed is not even copied: a
 * server's thousands of sockets would be copied one by one, and closed one by one at execve.
 */
static bool leave_table(const skiff_birth *work)
{
    unsigned last = (unsigned)(work->pipe > work->init ? work->pipe : work->init);
    return syscall(SYS_close_range, last + 1, ~0u, CLOSE_RANGE_UNSHARE) == 0 || unshare(CLONE_FILES) == 0;
}

/* Put the pipe where the init looks for it, and let nothing else of this process pass execve. */
static bool arrange_descriptors(skiff_birth *work)
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
static bool enter_mounts(skiff_birth *work)
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
static bool open_binds(skiff_birth *work)
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

static bool make_binds(skiff_birth *work)
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
    skiff_birth *work = argument;
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

int skiff_table_of(const skiff_birth *work)
{
    return work->options->binds ? 0 : CLONE_FILES;
}

/*
 * A user namespace that is there already cannot be asked of clone(2), and a PID namespace is its maker's children's. So
 * this child enters and clones the init, which is the caller's child from its beginning (CLONE_PARENT). All other
 * namespaces of the init belong to the user namespace then, and it has no right in any other.
 */
static bool clone_inside(skiff_birth *work)
{
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_NEWNS | work->options->namespaces |
                skiff_table_of(work);
    work->failed_call = "setns";
    if ((work->base >= 0 && setns(work->base, CLONE_NEWNS) != 0) || !skiff_enter_user_namespace(work->user))
        return false;
    work->failed_call = "clone";
    work->before_ns = skiff_clock_ns(CLOCK_BOOTTIME);
    if (clone(become_init, work->inner.stack + SKIFF_CHILD_STACK, flags, work, &work->inner.pid) < 0)
        return false;
    return work->inner.settled = true;
}

int skiff_be_born(void *argument)
{
    skiff_birth *work = argument;
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
