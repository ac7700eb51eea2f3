/* A container's file system for a user namespace: its layers and its write layer stay as they are on disk. */
#ifndef SKIFF_CORE_SHIFTEDMOUNT_H
#define SKIFF_CORE_SHIFTEDMOUNT_H

#include "idmap.h"
#include "workspace.h"

/*
 * Mount `workspace` on its mount point, which is there, with the ids that lie on disk shifted into the user namespace. By
 * overlay, Linux 5.19, or as a copy. ENOTSUP for others.
 */
bool skiff_mount_shifted(const skiff_workspace *workspace, const skiff_id_range *ids, int user_namespace,
                         skiff_error *err);

/* The same of an overlay, as a mount that is attached nowhere yet. */
bool skiff_open_shifted_overlay(const skiff_union *what, const skiff_id_range *ids, int user_namespace, int *mount,
                                skiff_error *err);

#endif
