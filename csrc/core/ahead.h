/* What a container is made of before anybody asks for it: its directory with write layer and mount point, its layers as a
 * mount that is attached nowhere yet, its cgroups. A start takes what fits, and makes the rest. All of it belongs on a
 * thread of the pool. */
#ifndef SKIFF_CORE_AHEAD_H
#define SKIFF_CORE_AHEAD_H

#include "cgroup.h"
#include "filestate.h"
#include "idmap.h"
#include "workspace.h"

typedef struct skiff_ahead {
    const char *directory;            /* path that it has until it gets a record */
    const skiff_workspace *workspace; /* below it, wherever it is by now; overlay */
    skiff_cgroup *cgroups;
    size_t cgroup_count;
    skiff_id_range ids;       /* that it is mounted with; count 0: with those of the disk */
    int user_namespace;       /* with these ids; the caller's, and needed by skiff_prepare only */
    int mount;                /* of the layers and the write layer; -1: a start mounts them */
    skiff_file_state *layers; /* as they were when they were mounted */
} skiff_ahead;

/*
 * Make all of it.
 *
 * `used`: a directory that another container has left, leftdir.h; NULL: there is none. `mount`: its layers never
 * change as long as they are there. On failure the directory (under either name) and the cgroups may be there.
 */
bool skiff_prepare(skiff_ahead *ahead, const char *used, bool mount, skiff_error *err);

/* Remove all of it; what is not there is fine. False where something is left. */
bool skiff_discard(skiff_ahead *ahead);

/* Forget what only this process holds of it. */
void skiff_close_ahead(skiff_ahead *ahead);

/* Mount the workspace, below the container's own name by now; anew where it was mounted with other layers or ids. */
bool skiff_take_workspace(skiff_ahead *ahead, const skiff_id_range *ids, int user_namespace, skiff_error *err);

#endif
