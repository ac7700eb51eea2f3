/* The child that becomes an init (launch.h), on its maker's memory until execve: nothing here but async-signal-safe calls. */
#ifndef SKIFF_CORE_BIRTH_H
#define SKIFF_CORE_BIRTH_H

#include "cgroup.h"
#include "launch.h"

/* Both sides' memory of one birth. */
typedef struct skiff_birth {
    const skiff_launch_options *options;
    const skiff_cgroup_entry *entry;
    int mount; /* detached copy of the root's mount, to be attached in a copy of the base; -1 */
    int pipe, init, base, user;
    int failed; /* errno of what failed before execve; the memory is shared with the child */
    const char *failed_call, *failed_step;
    skiff_error bind_error; /* of what failed, where that was a bind */
    bool early;             /* binds are made here, and not by the init */
    int mounts;             /* a copy of the caller's for that */
    uint64_t before_ns, after_ns; /* of the clone, CLOCK_BOOTTIME */
    struct {
        char *stack;
        pid_t pid; /* 0: not cloned */
        bool settled; /* it has called execve or ended */
    } inner;       /* the init, where another child has to clone it */
} skiff_birth;

/* CLONE_FILES for the caller's table of descriptors until the child leaves it; 0 where it opens sources of bind mounts, in a
 * copy. */
int skiff_table_of(const skiff_birth *birth);

/* A skiff_birth's child; returns only where it fails, which the birth tells then. */
int skiff_be_born(void *birth);

#endif
