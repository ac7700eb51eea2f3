/* Copying layers into one directory: contents (shared blocks where the file system can, holes kept), owners, modes,
 * times, extended attributes and hard links. */
#ifndef SKIFF_CORE_COPYTREE_H
#define SKIFF_CORE_COPYTREE_H

#include "error.h"

#include <stddef.h>
#include <sys/types.h>

/* A directory whose contents are left out, by identity: the place the copy itself is made in. */
typedef struct skiff_inode {
    dev_t dev;
    ino_t ino;
} skiff_inode;

/* Copy what is in `source` over what is in `target`, an existing directory, as a layer above it: overlay's whiteouts
 * (0:0 character devices) and opaque directories remove, other entries replace, directories merge. Other mounts in
 * `source` are copied as the empty directories they are mounted on. */
bool skiff_copy_tree(const char *source, const char *target, const skiff_inode *skip, size_t skip_count,
                     skiff_error *err);

/* The same for two directories that are open, and stay so; their names are for errors. */
bool skiff_copy_opened(int source, const char *source_name, int target, const char *target_name, skiff_error *err);

#endif
