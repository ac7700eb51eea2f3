#include "enter.h"

#include "answers.h"
#include "cleanup.h"
#include "pidfd.h"
#include "protocol.h"

#include <sys/socket.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static bool launch_joiner(const skiff_enter_options *options, skiff_launched *joiner, skiff_error *err)
{
    skiff_launch_options launch = {
        .init = options->init,
        .name = "skiff-exec",
        .network = -1,
        .user_namespace = -1,
        .mount_base = -1,
        .starter = -1,
        .cgroups = options->cgroups,
        .cgroup_count = options->cgroup_count,
    };
    return skiff_launch(&launch, SOCK_STREAM, joiner, err);
}

static bool take_answer(int pipe, const skiff_header *header, pid_t *pid, bool *ready, skiff_error *err)
{
    uint64_t ready_ns;
    switch (header->type) {
    case SKIFF_READY:
        return *ready = skiff_take_ready(pipe, header, &ready_ns, err);
    case SKIFF_JOINED:
        return header->length == sizeof *pid ? skiff_receive_exact(pipe, pid, sizeof *pid, err)
                                             : skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    case SKIFF_ERROR:
        return skiff_take_error(pipe, header, err);
    default:
        return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    }
}

/* The joiner and the process that it made speak at the same time. */
static bool await_both(int pipe, pid_t *pid, int *terminal, skiff_error *err)
{
    bool ready = false;
    *pid = 0;
    while (!ready || *pid == 0) {
        skiff_header header;
        if (!skiff_await_answer(pipe, &header, terminal, err) || !take_answer(pipe, &header, pid, &ready, err))
            return false;
    }
    return true;
}

static bool join(const skiff_enter_options *options, const skiff_launched *joiner, pid_t *pid, int *terminal,
                 skiff_error *err)
{
    skiff_join request = {options->pid, options->flags, options->rows, options->columns};
    skiff_error unsent;
    skiff_error_text(err->step, sizeof err->step, "join");
    /* That it could not be sent is told by the answer's absence: the joiner may have said why before it ended. */
    skiff_send(joiner->pipe, SKIFF_JOIN, &request, sizeof request, &options->container, 1, &unsent);
    return await_both(joiner->pipe, pid, terminal, err);
}

static void reap(int pidfd, int options)
{
    siginfo_t info;
    skiff_pidfd_wait(pidfd, options, &info);
}

/*
 * The process that the joiner made may be there without having been told of: both are killed with the container. Until
 * GO it belongs to the joiner's process group, by which it is found; as a zombie it would keep the container's PID
 * namespace, and so its init, from ending.
 */
static void abandon_both(skiff_launched *joiner)
{
    siginfo_t info;
    skiff_pidfd_signal(joiner->pidfd, SIGKILL);
    reap(joiner->pidfd, WNOWAIT); /* it makes no more; its number, the group's, stays taken */
    kill(-joiner->pid, SIGKILL);
    while (skiff_retry(waitid(P_PGID, (id_t)joiner->pid, &info, WEXITED | __WALL)) == 0)
        continue;
    skiff_abandon(joiner);
}

bool skiff_enter_container(const skiff_enter_options *options, skiff_launched *process, int *terminal,
                           skiff_error *err)
{
    skiff_launched joiner;
    *terminal = -1;
    *process = (skiff_launched){.pidfd = -1, .pipe = -1};
    if (!launch_joiner(options, &joiner, err))
        return false;
    bool done = join(options, &joiner, &process->pid, terminal, err);
    /* A child of ours that was not waited for: the pid is its own. */
    if (done && !(options->flags & SKIFF_JOIN_ORPHAN)) {
        process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
        done = process->pidfd >= 0 || skiff_fail(err, "pidfd_open", NULL);
    }
    if (!done) {
        abandon_both(&joiner);
        skiff_close_fd(terminal);
        *terminal = -1;
        return false;
    }
    reap(joiner.pidfd, 0);
    skiff_close_fd(&joiner.pidfd);
    process->pipe = joiner.pipe;
    return true;
}
