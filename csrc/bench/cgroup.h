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

/* Move the calling process into it. 0, or -1 and errno. Async-signal-safe. */
int cgroup_join(const char *cgroup);

#endif
