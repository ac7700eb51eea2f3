/* All that is left of a container, removed in one go: cgroups, mount, directory. It belongs on a thread of the pool. */
#ifndef SKIFF_CORE_REMOVAL_H
#define SKIFF_CORE_REMOVAL_H

#include "error.h"
#include "marks.h"

#include <stddef.h>

typedef struct skiff_removal {
    const char *const *cgroups; /* directories */
    size_t cgroup_count;
    const char *mount_point;
    const char *const *trees; /* directories of the container, under whichever name */
    size_t tree_count;
    int mounts; /* its mount namespace, which is held and closed now; -1: it is not */
    const char *used; /* what the first of them is called where it is left for the next container; NULL: it is not */
} skiff_removal;

/* What is not there is fine. `busy` has room for each of the cgroups and tells which still holds something: where one
 * does, nothing else is removed. `left`: the first tree is not removed but for the next container. */
bool skiff_remove_container(const skiff_removal *removal, bool *busy, bool *left, skiff_marks *marks, skiff_error *err);

/* What of a container may go as soon as its processes are gone, at the same time as what its end brings about elsewhere:
 * its mount namespace, which is closed, and, where nobody wants to look into it any more (NULL), its mount point in the
 * container's directory. What is left by a failure is skiff_remove_container's. */
void skiff_end_mounts(int namespace_fd, const char *container, const char *mount_point);

#endif
