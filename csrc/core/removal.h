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
} skiff_removal;

/* What is not there is fine. `busy` has room for each of the cgroups and tells which still holds something: where one
 * does, nothing else is removed. */
bool skiff_remove_container(const skiff_removal *removal, bool *busy, skiff_marks *marks, skiff_error *err);

#endif
