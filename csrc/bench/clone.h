#ifndef SKIFF_BENCH_CLONE_H
#define SKIFF_BENCH_CLONE_H

#include <stddef.h>
#include <sys/types.h>

/* What the child does; it never returns, and ends by _exit. */
typedef int (*clone_entry)(void *argument);

/*
 * clone3(2) on a stack of its own, the child born in the cgroup v2 of a descriptor: it is moved nowhere, so nothing of
 * the kernel is locked or waited for. `flags` as for clone(2), with CLONE_VM; SIGCHLD is the exit signal.
 *
 * The child's pid, or -1 and errno; ENOSYS also on processors that this knows no system call sequence for.
 */
pid_t clone_into_cgroup(int cgroup, unsigned long flags, void *stack, size_t stack_size, clone_entry entry,
                        void *argument);

#endif
