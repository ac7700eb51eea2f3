/* A container's file system: its write layer and its mount point, as a driver of lib/workspace has decided. */
#ifndef SKIFF_CORE_WORKSPACE_H
#define SKIFF_CORE_WORKSPACE_H

#include "error.h"
#include "idmap.h"
#include "unionmount.h"

#include <stdint.h>

typedef enum skiff_workspace_kind {
    SKIFF_WORKSPACE_OVERLAY,
    SKIFF_WORKSPACE_AUFS,
    SKIFF_WORKSPACE_COPY, /* no union: the write layer is a copy of the layers, bound to the mount point */
    SKIFF_WORKSPACE_FUSE, /* fuse-overlayfs(1) */
} skiff_workspace_kind;

typedef struct skiff_workspace {
    skiff_workspace_kind kind;
    skiff_union what;        /* target: the mount point; upper: the write layer; work: NULL where none is needed */
    const char *const *skip; /* SKIFF_WORKSPACE_COPY: directories that are copied empty */
    size_t skip_count;
    uint64_t size;           /* of a tmpfs below the mount point that the write layer is in; 0: there is none */
    enum skiff_workspace_state {
        SKIFF_WORKSPACE_NEW,
        SKIFF_WORKSPACE_WRITTEN, /* the write layer is there */
        SKIFF_WORKSPACE_MOUNTED,
    } state; /* before the start */
} skiff_workspace;

/* Make the write layer (with `size` also the mount point and the tmpfs), with the owner and mode of the topmost layer: those
 * of the container's `/`. */
bool skiff_make_write_layer(const skiff_workspace *workspace, skiff_error *err);

/* Owner and mode of the topmost layer for a write layer that is there. */
bool skiff_own_write_layer(const skiff_workspace *workspace, skiff_error *err);

/* Mount the layers, as the driver does it, on a mount point that is there. */
bool skiff_mount_union(const skiff_workspace *workspace, skiff_error *err);

/* Make the mount point, where it is missing, and mount on it; with shifted ids where the user namespace is one (else -1). */
bool skiff_make_mount_point(const skiff_workspace *workspace, const skiff_id_range *ids, int user_namespace,
                            skiff_error *err);

/* Copy `layers` (topmost first) into the directory `target`; directories in `skip` are copied empty. */
bool skiff_copy_layers(const char *const *layers, size_t count, const char *target, const char *const *skip,
                       size_t skip_count, skiff_error *err);

#endif
