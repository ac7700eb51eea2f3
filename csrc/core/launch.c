#include "launch.h"

#include "cleanup.h"
#include "protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#define CHILD_STACK (64u << 10)
#define READY_TIMEOUT_MS 60000 /* a parked init answers within milliseconds; a machine out of memory may take longer */

typedef struct {
    const skiff_park_options *options;
    int pipe;
    int failed; /* errno of what failed before execve; the memory is shared with the child */
} child_work;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Runs in the child on the caller's memory until execve: only async-signal-safe calls, no allocation. */
static int child_main(void *argument)
{
    child_work *work = argument;
    char *const argv[] = {(char *)work->options->name, NULL};
    char *const env[] = {NULL};
    int init = work->options->init;

    /* The init's descriptor must not be where the pipe goes. */
    if (init == SKIFF_PIPE_FD && (init = fcntl(init, F_DUPFD_CLOEXEC, SKIFF_PIPE_FD + 1)) < 0)
        goto failed;
    if (work->pipe == SKIFF_PIPE_FD ? fcntl(SKIFF_PIPE_FD, F_SETFD, 0) < 0 : dup2(work->pipe, SKIFF_PIPE_FD) < 0)
        goto failed;
    /* Descriptors of other libraries in this process may lack O_CLOEXEC; the kernel closes them at execve. */
    if (syscall(SYS_close_range, SKIFF_PIPE_FD + 1, ~0u, CLOSE_RANGE_CLOEXEC) != 0 && errno != ENOSYS &&
        errno != EINVAL)
        goto failed;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    syscall(SYS_execveat, init, "", argv, env, AT_EMPTY_PATH);
failed:
    work->failed = errno;
    _exit(125);
}

/*
 * CLONE_VM|CLONE_VFORK: the child borrows this memory and this thread waits until its execve, so nothing of Node's
 * page tables is copied. Signals stay blocked meanwhile: a handler of Node's must not run in the child.
 */
static bool clone_init(const skiff_park_options *options, int pipe, skiff_parked *parked, skiff_error *err)
{
    void *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return skiff_fail(err, "mmap", NULL);
    child_work work = {options, pipe, 0};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    /* No exit signal: Node's own children are not disturbed; waiting goes by the pidfd with __WALL. */
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | options->namespaces;
    pid_t pid = clone(child_main, (char *)stack + CHILD_STACK, flags, &work, &parked->pidfd);
    int errnum = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, CHILD_STACK);
    if (pid < 0)
        return skiff_fail_with(err, errnum, "clone", NULL);
    parked->pid = pid;
    return work.failed == 0 || skiff_fail_with(err, work.failed, "execveat", options->name);
}

static bool place(const skiff_park_options *options, pid_t pid, skiff_error *err)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%d", (int)pid);
    for (const char *const *file = options->procs_files; file && *file; file++) {
        cleanup_fd int procs = open(*file, O_WRONLY | O_CLOEXEC);
        if (procs < 0)
            return skiff_fail(err, "open", *file);
        if (write(procs, text, (size_t)length) != length)
            return skiff_fail(err, "write", *file);
    }
    return true;
}

/* What the init has to say about its own end, in place of the EPIPE that its end causes here. */
static bool take_error(int pipe, const skiff_header *header, skiff_error *err)
{
    skiff_error told;
    if (header->length != sizeof told)
        return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    if (!skiff_receive_exact(pipe, &told, sizeof told, err))
        return false;
    *err = told;
    return false;
}

static bool await_ready(int pipe, skiff_parked *parked, skiff_error *err)
{
    skiff_header header;
    int count = 0;
    if (!skiff_await(pipe, READY_TIMEOUT_MS, err) ||
        !skiff_receive_header(pipe, &header, &parked->terminal, 1, &count, err))
        return false;
    if (header.type == SKIFF_ERROR)
        return take_error(pipe, &header, err);
    return header.type == SKIFF_READY || skiff_fail_with(err, EPROTO, "recvmsg", NULL);
}

static bool bring_to_park(const skiff_park_options *options, skiff_parked *parked, skiff_error *err)
{
    skiff_error unsent;
    if (!skiff_step(&options->fault, "send-plan", err))
        return false;
    /* A failure to send is told by READY's absence: the init may have said why before it ended. */
    skiff_send(parked->pipe, SKIFF_PLAN, options->plan, (uint32_t)options->plan_length, NULL, 0, &unsent);
    /* The init sets up while it is being moved: both take about as long. */
    if (!skiff_step(&options->fault, "join-cgroup", err) || !place(options, parked->pid, err))
        return false;
    parked->placed_ns = now_ns();
    if (!skiff_step(&options->fault, "ready", err) || !await_ready(parked->pipe, parked, err))
        return false;
    parked->ready_ns = now_ns();
    return true;
}

/* Kill and reap, so that a failed start leaves no zombie. */
static void abandon(skiff_parked *parked)
{
    if (parked->pidfd >= 0) {
        siginfo_t info;
        syscall(SYS_pidfd_send_signal, parked->pidfd, SIGKILL, NULL, 0);
        skiff_retry(waitid((idtype_t)P_PIDFD, (id_t)parked->pidfd, &info, WEXITED | __WALL));
    }
    skiff_close_fd(&parked->pidfd);
    skiff_close_fd(&parked->pipe);
    skiff_close_fd(&parked->terminal);
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

static bool launch(const skiff_park_options *options, int type, skiff_parked *parked, skiff_error *err)
{
    *parked = (skiff_parked){.pidfd = -1, .pipe = -1, .terminal = -1};
    cleanup_fd int theirs = -1;
    if (!skiff_step(&options->fault, "clone", err) || !open_pipe(type, &parked->pipe, &theirs, err))
        return false;
    if (!clone_init(options, theirs, parked, err)) {
        abandon(parked);
        return false;
    }
    parked->cloned_ns = now_ns();
    return true;
}

bool skiff_park(const skiff_park_options *options, skiff_parked *parked, skiff_error *err)
{
    if (!launch(options, SOCK_STREAM, parked, err))
        return false;
    if (bring_to_park(options, parked, err))
        return true;
    abandon(parked);
    return false;
}

bool skiff_start_watchdog(int init, skiff_parked *watchdog, skiff_error *err)
{
    skiff_park_options options = {.init = init, .name = "skiff-watchdog"};
    return launch(&options, SOCK_SEQPACKET, watchdog, err);
}

bool skiff_go(int pipe, const void *process, size_t length, const int *stdio, int count, skiff_error *err)
{
    skiff_error unsent;
    skiff_header header;
    int none = 0;
    skiff_error_text(err->step, sizeof err->step, "go");
    bool sent = skiff_send(pipe, SKIFF_GO, process, (uint32_t)length, stdio, count, &unsent);
    if (!skiff_receive_header(pipe, &header, NULL, 0, &none, err)) {
        if (err->errnum == EPIPE && sent)
            return true; /* closed by execve: the command runs */
        if (!sent)
            *err = unsent;
        return false;
    }
    if (header.type == SKIFF_ERROR)
        return take_error(pipe, &header, err);
    return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
}
