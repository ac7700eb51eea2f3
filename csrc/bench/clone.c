#include "clone.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

/* linux/sched.h, whose older copies lack the last field: Linux 5.7. */
#define INTO_CGROUP 0x200000000ull
struct clone3_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
} __attribute__((aligned(8)));

/*
 * The child comes back from the system call on an empty stack, so it cannot return through a function of the C library,
 * and glibc tells nobody of its own clone3. The registers are its copies: what it does to them its parent does not see.
 */
static long clone3_call(struct clone3_arguments *arguments, clone_entry entry, void *argument)
{
#if defined __x86_64__
    long result;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %[argument], %%rdi\n\t"
                     "call *%[entry]\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(result)
                     : "0"((long)SYS_clone3), "D"(arguments), "S"(sizeof *arguments), [entry] "r"(entry),
                       [argument] "r"(argument)
                     : "rcx", "r11", "memory", "cc");
    return result;
#elif defined __aarch64__
    register long number __asm__("x8") = SYS_clone3;
    register long first __asm__("x0") = (long)arguments;
    register long second __asm__("x1") = sizeof *arguments;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, %[argument]\n\t"
                     "blr %[entry]\n\t"
                     "brk #0\n"
                     "1:"
                     : "+r"(first)
                     : "r"(number), "r"(second), [entry] "r"(entry), [argument] "r"(argument)
                     : "memory", "cc");
    return first;
#else
    (void)arguments, (void)entry, (void)argument;
    return -ENOSYS;
#endif
}

pid_t clone_into_cgroup(int cgroup, unsigned long flags, void *stack, size_t stack_size, clone_entry entry,
                        void *argument)
{
    struct clone3_arguments arguments = {.flags = flags | INTO_CGROUP,
                                         .exit_signal = SIGCHLD,
                                         .stack = (uintptr_t)stack,
                                         .stack_size = stack_size,
                                         .cgroup = (uint64_t)cgroup};
    long result = clone3_call(&arguments, entry, argument);
    if (result >= 0)
        return (pid_t)result;
    errno = (int)-result;
    return -1;
}
