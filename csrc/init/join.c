/*
 * A PID namespace is joined by the children of whoever joins it; pid_namespaces(7). So this process joins and clones
 * another, which is the caller's child from its beginning (CLONE_PARENT): the one that the caller waits for.
 */
#include "join.h"

#include "../core/cleanup.h"
#include "../core/pidfd.h"
#include "../core/protocol.h"
#include "../core/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

/* In the order in which they can be joined one by one: the user namespace gives the right to join the others. */
static const struct {
    const char *name;
    int flag;
} kinds[] = {
    {"user", CLONE_NEWUSER}, {"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS},
    {"net", CLONE_NEWNET},   {"pid", CLONE_NEWPID},       {"time", CLONE_NEWTIME}, {"mnt", CLONE_NEWNS},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

typedef struct {
    int fds[KINDS]; /* -1: it is in the same as we are, or the kernel has none of the kind */
    int flags;
} namespaces;

static void close_namespaces(namespaces *set)
{
    for (int i = 0; i < KINDS; i++)
        skiff_close_fd(&set->fds[i]);
}

static bool open_namespace(namespaces *set, int kind, pid_t pid, skiff_error *err)
{
    char path[64];
    struct stat own, theirs;
    snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[kind].name);
    if (stat(path, &own) != 0)
        return errno == ENOENT || skiff_fail(err, "stat", path);
    snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, kinds[kind].name);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &theirs) != 0)
        return skiff_fail(err, "open", path);
    /* A user namespace can not be joined by those who are in it; setns(2). */
    if (own.st_ino == theirs.st_ino && own.st_dev == theirs.st_dev)
        return true;
    set->fds[kind] = skiff_steal_fd(&fd);
    set->flags |= kinds[kind].flag;
    return true;
}

/* Namespaces have a name by the pid only; that it was the right process all the while is told by its pidfd afterwards. */
static bool open_namespaces(namespaces *set, pid_t pid, int pidfd, skiff_error *err)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (!open_namespace(set, kind, pid, err))
            return false;
    if (!skiff_pidfd_signal(pidfd, 0))
        return skiff_fail(err, "pidfd_send_signal", NULL);
    /* Whatever the record says: this is the host's file system. */
    return (set->flags & CLONE_NEWNS) || skiff_fail_with(err, EINVAL, "setns", "no mount namespace of its own");
}

static bool enter(int pidfd, const namespaces *set, skiff_error *err)
{
    if (setns(pidfd, set->flags) == 0)
        return true;
    if (errno != EINVAL)
        return skiff_fail(err, "setns", NULL);
    /* Before Linux 5.8 a pidfd says nothing to setns. */
    for (int kind = 0; kind < KINDS; kind++)
        if (set->fds[kind] >= 0 && setns(set->fds[kind], kinds[kind].flag) != 0)
            return skiff_fail(err, "setns", kinds[kind].name);
    return true;
}

static bool become_root(skiff_error *err)
{
    if (setgroups(0, NULL) != 0)
        return skiff_fail(err, "setgroups", NULL);
    if (setresgid(0, 0, 0) != 0)
        return skiff_fail(err, "setresgid", NULL);
    return setresuid(0, 0, 0) == 0 || skiff_fail(err, "setresuid", NULL);
}

static bool join(const skiff_join *request, int pidfd, skiff_error *err)
{
    __attribute__((cleanup(close_namespaces))) namespaces set = {.flags = 0};
    for (int kind = 0; kind < KINDS; kind++)
        set.fds[kind] = -1;
    if (!open_namespaces(&set, request->pid, pidfd, err) || !enter(pidfd, &set, err))
        return false;
    /* The host's root is nobody there. */
    return !(set.flags & CLONE_NEWUSER) || become_root(err);
}

static bool receive_join(skiff_join *request, int *pidfd, skiff_error *err)
{
    skiff_header header;
    int count = 0;
    if (!skiff_receive_header(SKIFF_PIPE_FD, &header, pidfd, 1, &count, err))
        return false;
    if (header.type != SKIFF_JOIN || header.length != sizeof *request || count != 1)
        return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    return skiff_receive_exact(SKIFF_PIPE_FD, request, sizeof *request, err);
}

/* Returns in the new process only. */
static bool become_inside(uint32_t flags, skiff_error *err)
{
    /* With the exit signal of this process, none: Node's handling of its own children is not disturbed. */
    unsigned long how = flags & SKIFF_JOIN_ORPHAN ? SIGCHLD : CLONE_PARENT;
    int32_t pid = (int32_t)syscall(SYS_clone, how, NULL, NULL, NULL, NULL);
    if (pid < 0)
        return skiff_fail(err, "clone", NULL);
    if (pid == 0)
        return true;
    _exit(skiff_send(SKIFF_PIPE_FD, SKIFF_JOINED, &pid, sizeof pid, NULL, 0, err) ? 0 : 125);
}

bool skiff_join_container(skiff_joined *joined, skiff_error *err)
{
    skiff_join request;
    *joined = (skiff_joined){.terminal_master = -1, .terminal_slave = -1};
    skiff_error_text(err->step, sizeof err->step, "join");
    {
        cleanup_fd int pidfd = -1; /* closed before anything of the container can see this process */
        if (!receive_join(&request, &pidfd, err) || !join(&request, pidfd, err))
            return false;
    }
    if (!become_inside(request.flags, err))
        return false;
    skiff_error_text(err->step, sizeof err->step, "terminal");
    return !(request.flags & SKIFF_JOIN_TERMINAL) ||
           skiff_open_terminal(request.rows, request.columns, &joined->terminal_master, &joined->terminal_slave, err);
}
