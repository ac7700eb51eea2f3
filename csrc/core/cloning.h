/* The one clone of a start: CLONE_VM|CLONE_VFORK into new namespaces and, on cgroup v2, right into a cgroup. */
#ifndef SKIFF_CORE_CLONING_H
#define SKIFF_CORE_CLONING_H

#include "error.h"

#include <sys/types.h>

#define SKIFF_CHILD_STACK (64u << 10) /* bytes; a child uses a few of them */

typedef struct skiff_clone {
    int flags;   /* CLONE_NEW flags, without an exit signal */
    int into;    /* directory of a v2 cgroup (clone3, Linux 5.7); -1: the caller's own cgroup */
    void *stack; /* lowest byte */
    unsigned long stack_size;
} skiff_clone;

/*
 * Clone a child that runs `child` on this memory; returns when it has called execve or ended.
 *
 * Returns its pid with `*pidfd`, or -1 with errno and -1 in `*pidfd`: of clone(2), and ENOSYS where `into` is asked for
 * and this kernel or machine has no clone3 for it.
 */
pid_t skiff_clone_child(const skiff_clone *clone, int (*child)(void *), void *argument, int *pidfd);

/* Run `child` to its end in a clone with these flags, on this memory: it makes a namespace and opens it. */
bool skiff_run_in_child(int flags, int (*child)(void *), void *argument, skiff_error *err);

#endif
