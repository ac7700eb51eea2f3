#include "cloning.h"

#include "cleanup.h"
#include "pidfd.h"
#include "signals.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>

#define SKIFF_CLONE_INTO_CGROUP 0x200000000ull
#define SKIFF_SYS_clone3 435 /* the same number on every architecture */

enum { BASE_FLAGS = CLONE_VM | CLONE_VFORK | CLONE_PIDFD };

/* struct clone_args of linux/sched.h up to `cgroup`, Linux 5.7. */
typedef struct clone3_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
} clone3_args;

/*
 * clone3(2) has no wrapper in the C libraries: a child on another stack must not return through the caller's frames.
 * So the child goes from the system call straight into its function, as in the libraries' own clone().
 */
static long clone3_child(clone3_args *args, int (*child)(void *), void *argument)
{
#if defined(__x86_64__)
    long result = SKIFF_SYS_clone3;
    register int (*function)(void *) __asm__("r12") = child;
    register void *its_argument __asm__("r13") = argument;
    __asm__ volatile("syscall\n\t"
                     "testq %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xorl %%ebp, %%ebp\n\t"
                     "movq %%r13, %%rdi\n\t"
                     "callq *%%r12\n\t"
                     "movl %%eax, %%edi\n\t"
                     "movl %[exit], %%eax\n\t"
                     "syscall\n\t"
                     "ud2\n"
                     "1:"
                     : "+a"(result)
                     : "D"(args), "S"(sizeof *args), "r"(function), "r"(its_argument), [exit] "i"(SYS_exit)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long number __asm__("x8") = SKIFF_SYS_clone3;
    register long result __asm__("x0") = (long)args;
    register unsigned long size __asm__("x1") = sizeof *args;
    register int (*function)(void *) __asm__("x19") = child;
    register void *its_argument __asm__("x20") = argument;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x20\n\t"
                     "blr x19\n\t"
                     "mov x8, %[exit]\n\t"
                     "svc #0\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(result)
                     : "r"(number), "r"(size), "r"(function), "r"(its_argument), [exit] "i"(SYS_exit)
                     : "x30", "memory");
    return result;
#else
    (void)args, (void)child, (void)argument;
    return -ENOSYS;
#endif
}

static pid_t clone_by_clone3(int flags, int into, void *stack, int (*child)(void *), void *argument, pid_t *pid,
                             int *pidfd)
{
    clone3_args args = {
        .flags = (uint64_t)(uint32_t)(BASE_FLAGS | flags) | (into >= 0 ? SKIFF_CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .parent_tid = (uint64_t)(uintptr_t)pid,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = SKIFF_CHILD_STACK,
        .cgroup = into >= 0 ? (uint64_t)into : 0,
    };
    long result = clone3_child(&args, child, argument);
    if (result >= 0)
        return (pid_t)result;
    /* E2BIG and EINVAL: a kernel before 5.7 does not know the field, or not the flag. */
    errno = result == -E2BIG || result == -EINVAL ? ENOSYS : (int)-result;
    return -1;
}

bool skiff_clone_child(int flags, int into, int (*child)(void *), void *argument, pid_t *pid, int *pidfd,
                       skiff_error *err)
{
    /* In this frame, which stays as it is until the child is done with it: one of its own costs two calls more, and its
     * pages are new each time. */
    _Alignas(16) char stack[SKIFF_CHILD_STACK];
    sigset_t before;
    *pidfd = -1;
    skiff_block_signals(&before);
    /* clone(2) tells the pidfd where it would tell the number. */
    pid_t cloned = into >= 0 || (flags & CLONE_PARENT_SETTID)
                       ? clone_by_clone3(flags, into, stack, child, argument, pid, pidfd)
                       : clone(child, stack + sizeof stack, BASE_FLAGS | flags, argument, pidfd);
    int errnum = errno;
    skiff_restore_signals(&before);
    *pid = cloned;
    if (cloned >= 0)
        return true;
    /* The kernel tells the number before the last of what may fail (the pids controller), and takes it back then: by now
     * it can be another thread's. */
    *pidfd = -1;
    return skiff_fail_with(err, errnum, "clone", NULL);
}

unsigned long long skiff_clone_ticks(uint64_t before_ns, uint64_t after_ns)
{
    uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK), ticks = before_ns / tick_ns;
    return ticks == after_ns / tick_ns ? ticks : 0;
}

typedef struct {
    bool (*make)(skiff_making *);
    skiff_making making;
} namespace_work;

static int make_in_child(void *argument)
{
    namespace_work *work = argument;
    if (!work->make(&work->making))
        work->making.failed = errno;
    _exit(0);
}

bool skiff_make_namespace(int flag, int user, bool (*make)(skiff_making *), int *namespace_fd, skiff_error *err)
{
    namespace_work work = {make, {.fd = -1, .user = user}};
    cleanup_fd int pidfd = -1;
    pid_t pid;
    if (!skiff_clone_child(CLONE_FILES | flag, -1, make_in_child, &work, &pid, &pidfd, err))
        return false;
    siginfo_t info;
    skiff_pidfd_wait(pidfd, 0, &info);
    cleanup_fd int fd = work.making.fd;
    if (work.making.failed != 0)
        return skiff_fail_with(err, work.making.failed, work.making.failed_call, "namespace");
    *namespace_fd = skiff_steal_fd(&fd);
    return true;
}
