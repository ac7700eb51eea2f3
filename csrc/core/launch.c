#include "launch.h"

#include "binds.h"
#include "cleanup.h"
#include "cloning.h"
#include "mountbase.h"

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

#define READY_TIMEOUT_MS 60000 /* a parked init answers within milliseconds; a machine out of memory may take longer */

typedef struct {
    const skiff_launch_options *options;
    const skiff_cgroup_entry *entry;
    int mount; /* detached copy of the root's mount, to be attached in a copy of the base; -1 */
    int pipe, init, base;
    int failed; /* errno of what failed before execve; the memory is shared with the child */
    const char *failed_call, *failed_step;
    skiff_error bind_error; /* of what failed, where that was a bind */
} child_work;

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
    if (work->mount >= 0)
        return skiff_enter_mount_base(work->base, work->mount);
    work->failed_call = "chdir";
    return !work->options->root || chdir(work->options->root) == 0;
}

/* Keep what is still needed, below SKIFF_BIND_FD, and close all else. */
static bool make_room(child_work *work)
{
    int *kept[] = {&work->pipe, &work->init, &work->mount, &work->base};
    enum { COUNT = sizeof kept / sizeof *kept };
    _Static_assert(SKIFF_PIPE_FD + COUNT == SKIFF_BIND_FD, "they are one after the other");
    for (int i = 0; i < COUNT; i++)
        if (*kept[i] >= 0 && (*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, SKIFF_BIND_FD)) < 0)
            return false;
    for (int i = 0; i < COUNT; i++) {
        /* The pipe stands in for what there is none of, so that its number is not free. */
        if (dup3(*kept[i] >= 0 ? *kept[i] : work->pipe, SKIFF_PIPE_FD + i, O_CLOEXEC) < 0)
            return false;
        if (*kept[i] >= 0)
            *kept[i] = SKIFF_PIPE_FD + i;
    }
    return syscall(SYS_close_range, SKIFF_BIND_FD, ~0u, 0) == 0;
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
    if (make_room(work) ? skiff_open_binds(options->binds, options->binds_length, err) : skiff_fail(err, "dup3", NULL))
        return true;
    errno = err->errnum;
    return false;
}

/* Runs in the child on the caller's memory until execve: only async-signal-safe calls, no allocation. */
static int child_main(void *argument)
{
    child_work *work = argument;
    char *const argv[] = {(char *)work->options->name, (char *)work->options->argument, NULL};
    char *const env[] = {NULL};
    const skiff_launch_options *options = work->options;

    work->failed_step = "join-cgroup";
    work->failed_call = "write";
    if (!skiff_enter_cgroups(work->entry))
        goto failed;
    work->failed_step = "clone";
    work->failed_call = "setns";
    if (options->network >= 0 && setns(options->network, CLONE_NEWNET) != 0)
        goto failed;
    if (!open_binds(work) || !enter_mounts(work))
        goto failed;
    work->failed_call = "dup2";
    if (!arrange_descriptors(work))
        goto failed;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    work->failed_call = "execveat";
    syscall(SYS_execveat, work->init, "", argv, env, AT_EMPTY_PATH);
failed:
    work->failed = errno;
    _exit(125);
}

static bool clone_init(child_work *work, skiff_launched *launched, skiff_error *err)
{
    int flags = work->mount >= 0 ? work->options->namespaces & ~CLONE_NEWNS : work->options->namespaces;
    if (!skiff_clone_child(flags, work->entry->into, child_main, work, &launched->pid, &launched->pidfd, err))
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

static bool clone_into_cgroups(const skiff_launch_options *options, int pipe, bool by_clone, skiff_launched *launched,
                               skiff_error *err)
{
    cleanup_cgroup_entry skiff_cgroup_entry entry = {.into = -1};
    if (options->cgroup_count > 0 && !skiff_step(&options->fault, "join-cgroup", err))
        return false;
    if (!skiff_open_cgroups(options->cgroups, options->cgroup_count, by_clone, &entry, err))
        return false;
    /* Where the kernel is too old for it, or a filter forbids it, the caller's mounts are copied. */
    cleanup_fd int mount = options->root && options->mount_base >= 0 ? skiff_copy_mount(options->root) : -1;
    if (options->binds && !skiff_step(&options->fault, "bind-source", err))
        return false;
    child_work work = {.options = options,
                       .entry = &entry,
                       .mount = mount,
                       .pipe = pipe,
                       .init = options->init,
                       .base = options->mount_base};
    skiff_error_text(err->step, sizeof err->step, "clone");
    return clone_init(&work, launched, err);
}

static bool open_pipe(int type, int *ours, int *theirs, skiff_error *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0)
        return skiff_fail(err, "socketpair", NULL);
    *ours = ends[0];
    *theirs = ends[1];
    return true;
}

bool skiff_launch(const skiff_launch_options *options, int type, skiff_launched *launched, skiff_error *err)
{
    *launched = (skiff_launched){.pidfd = -1, .pipe = -1};
    cleanup_fd int theirs = -1;
    if (!skiff_step(&options->fault, "clone", err) || !open_pipe(type, &launched->pipe, &theirs, err))
        return false;
    bool done = clone_into_cgroups(options, theirs, true, launched, err);
    /* No clone3 for cgroups here: the child puts itself in. */
    if (!done && launched->pidfd < 0 && err->errnum == ENOSYS)
        done = clone_into_cgroups(options, theirs, false, launched, err);
    if (!done)
        skiff_abandon(launched);
    return done;
}

void skiff_abandon(skiff_launched *launched)
{
    if (launched->pidfd >= 0) {
        siginfo_t info;
        syscall(SYS_pidfd_send_signal, launched->pidfd, SIGKILL, NULL, 0);
        skiff_retry(waitid((idtype_t)P_PIDFD, (id_t)launched->pidfd, &info, WEXITED | __WALL));
    }
    skiff_close_fd(&launched->pidfd);
    skiff_close_fd(&launched->pipe);
    *launched = (skiff_launched){.pidfd = -1, .pipe = -1};
}

/* What the init has to say about its own end, in place of the EPIPE that its end causes here. */
bool skiff_take_error(int pipe, const skiff_header *header, skiff_error *err)
{
    skiff_error told;
    if (header->length != sizeof told)
        return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    if (!skiff_receive_exact(pipe, &told, sizeof told, err))
        return false;
    *err = told;
    return false;
}

bool skiff_take_ready(int pipe, const skiff_header *header, uint64_t *ready_ns, skiff_error *err)
{
    return header->length == sizeof *ready_ns ? skiff_receive_exact(pipe, ready_ns, sizeof *ready_ns, err)
                                              : skiff_fail_with(err, EPROTO, "recvmsg", NULL);
}

bool skiff_await_answer(int pipe, skiff_header *header, int *fd, skiff_error *err)
{
    int count = 0;
    return skiff_await(pipe, READY_TIMEOUT_MS, err) && skiff_receive_header(pipe, header, fd, 1, &count, err);
}

bool skiff_await_ready(int pipe, int *terminal, uint64_t *ready_ns, skiff_error *err)
{
    skiff_header header;
    if (!skiff_await_answer(pipe, &header, terminal, err))
        return false;
    if (header.type == SKIFF_ERROR)
        return skiff_take_error(pipe, &header, err);
    return header.type == SKIFF_READY ? skiff_take_ready(pipe, &header, ready_ns, err)
                                      : skiff_fail_with(err, EPROTO, "recvmsg", NULL);
}

bool skiff_send_go(int pipe, const void *process, size_t length, const int *stdio, int count, skiff_error *err)
{
    return skiff_send(pipe, SKIFF_GO, process, (uint32_t)length, stdio, count, err);
}

bool skiff_await_command(int pipe, uint64_t *ready_ns, skiff_error *err)
{
    skiff_header header;
    int none = 0;
    while (skiff_receive_header(pipe, &header, NULL, 0, &none, err)) {
        if (header.type == SKIFF_ERROR)
            return skiff_take_error(pipe, &header, err);
        if (header.type != SKIFF_READY)
            return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
        if (!skiff_take_ready(pipe, &header, ready_ns, err))
            return false;
    }
    return err->errnum == EPIPE; /* closed by execve: the command runs */
}
