#include "network.h"

#include "cleanup.h"
#include "cloning.h"
#include "loopback.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { CHILD_STACK = 64 << 10 };

typedef struct {
    int fd;
    int failed;
    const char *failed_call;
} making;

/* In the child: the caller's memory and, by CLONE_FILES, its descriptors. */
static int make_in_child(void *argument)
{
    making *work = argument;
    work->failed_call = "ioctl SIOCSIFFLAGS";
    if (skiff_raise_loopback()) {
        work->failed_call = "open";
        work->fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    }
    if (work->fd < 0)
        work->failed = errno;
    _exit(0);
}

bool skiff_make_network(int *namespace_fd, skiff_error *err)
{
    making work = {.fd = -1};
    cleanup_fd int pidfd = -1;
    void *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return skiff_fail(err, "mmap", NULL);
    skiff_clone what = {.flags = CLONE_FILES | CLONE_NEWNET, .into = -1, .stack = stack, .stack_size = CHILD_STACK};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = skiff_clone_child(&what, make_in_child, &work, &pidfd);
    int errnum = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, CHILD_STACK);
    if (pid < 0)
        return skiff_fail_with(err, errnum, "clone", "network namespace");
    siginfo_t info;
    skiff_retry(waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL));
    if (work.failed != 0)
        return skiff_fail_with(err, work.failed, work.failed_call, "network namespace");
    *namespace_fd = work.fd;
    return true;
}
