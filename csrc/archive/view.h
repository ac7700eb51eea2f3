/* A container's file system for somebody outside of it: held by a descriptor alone, in no process's mount table, so that
 * whoever dies with it leaves no mount. */
#ifndef SKIFF_CORE_VIEW_H
#define SKIFF_CORE_VIEW_H

#include "../core/error.h"
#include "../core/workspace.h"

#include <stddef.h>
#include <sys/types.h>

/* Something of the host's that is mounted in it. */
typedef struct skiff_view_bind {
    const char *source;
    const char *destination; /* path in the container; where that is missing, nothing is mounted */
    bool read_only;
} skiff_view_bind;

/* Mount the union, and in it the binds, in a mount namespace that ends at once, and return an O_PATH descriptor of its
 * root; -1 on failure. The mounts go with the last descriptor of it. `what.upper` NULL: read-only. `what.target` is any
 * directory. Of SKIFF_WORKSPACE_COPY it is the write layer itself. Binds take Linux 5.2, open_tree(2). */
int skiff_open_view(const skiff_workspace *workspace, const skiff_view_bind *binds, size_t bind_count,
                    skiff_error *err);

/* The root directory of a process, in its mount namespace; it must be the one that started then (field 22 of
 * /proc/PID/stat, proc_pid_stat(5)). -1 on failure, ESRCH where it is gone. */
int skiff_open_process_root(pid_t pid, unsigned long long start_time, skiff_error *err);

#endif
