/* The one clone of a start: CLONE_VM|CLONE_VFORK into new namespaces and, on cgroup v2, right into a cgroup. */
#ifndef SKIFF_CORE_CLONING_H
#define SKIFF_CORE_CLONING_H

#include "error.h"

#include <stdint.h>
#include <sys/types.h>

/* Bytes that a child has on its maker's stack. */
enum { SKIFF_CHILD_STACK = 64 << 10 };

/*
 * Clone a child that runs `child` on this memory, in namespaces by the CLONE_NEW `flags`; returns when it has called
 * execve or ended. Signals are blocked meanwhile, and in the child: a handler of Node's must not run there. No exit
 * signal: Node's own children are not disturbed; waiting goes by the pidfd with __WALL.
 *
 * `into`: directory of a v2 cgroup (clone3, Linux 5.7); -1: the caller's own. With CLONE_PARENT_SETTID among the flags
 * `*pid` is there when the child begins (clone3, Linux 5.3). On failure `*pidfd` is -1, and `err` has what clone(2) said,
 * ENOSYS where this kernel or machine has no clone3.
 */
bool skiff_clone_child(int flags, int into, int (*child)(void *), void *argument, pid_t *pid, int *pidfd,
                       skiff_error *err);

/*
 * The clock tick in which a process was cloned, which is its start time (proc_pid_stat(5)), of CLOCK_BOOTTIME before the
 * clone and in the child; 0 where the next one has begun meanwhile. In nine of ten starts it has not, and /proc need not
 * be asked, which takes longer than most of what is done while the init waits.
 */
unsigned long long skiff_clone_ticks(uint64_t before_ns, uint64_t after_ns);

/* What a child of skiff_make_namespace works on. */
typedef struct skiff_making {
    int fd;                  /* of the namespace, once it is open */
    int user;                /* user namespace that it is to belong to; -1: the caller's */
    const char *failed_call; /* the one that is about to be made */
    int failed;
} skiff_making;

/*
 * Make a namespace in a child, whose descriptors are the caller's: `make` opens it, as `fd`, and prepares it. False in it
 * is a failure with errno. With a `user` namespace it has to enter that by itself.
 */
bool skiff_make_namespace(int flag, int user, bool (*make)(skiff_making *), int *namespace_fd, skiff_error *err);

#endif
