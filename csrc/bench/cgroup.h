#ifndef SKIFF_BENCH_CGROUP_H
#define SKIFF_BENCH_CGROUP_H

#include <limits.h>
#include <stdbool.h>

/* Where a cgroup with a memory limit can be made. */
typedef struct {
    char parent[PATH_MAX];
    bool v2;
} cgroup_place;

/* Find it: in our own cgroup of v1's memory hierarchy, else in the nearest v2 cgroup above us that hands memory down.
 * 0, or -1 where there is none. */
int cgroup_find(cgroup_place *place);

/* Set the memory limit of a cgroup, bytes in decimal. 0, or -1 and errno. */
int cgroup_limit(const cgroup_place *place, const char *cgroup, const char *bytes);

/*
 * Move the calling process, which has one thread, into it. 0, or -1 and errno. Async-signal-safe.
 *
 * By `tasks` on v1: a thread that moves itself needs no lock on all thread groups (cgroup_procs_write_start in
 * kernel/cgroup/cgroup.c), and so no grace period of RCU, which takes 10 ms where nothing else runs. v2 moves single
 * threads between threaded cgroups only, so its processes are better born where they belong, see clone.h.
 */
int cgroup_join(const cgroup_place *place, const char *cgroup);

#endif
