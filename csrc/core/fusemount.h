/* A union that a program makes instead of the kernel: fuse-overlayfs(1), for users on kernels without overlay's userxattr. */
#ifndef SKIFF_CORE_FUSEMOUNT_H
#define SKIFF_CORE_FUSEMOUNT_H

#include "idmap.h"
#include "unionmount.h"

/*
 * Have fuse-overlayfs mount the union; with `ids` it shows the container's numbers on disk as those outside. Its process
 * serves the mount in the background and ends when that is unmounted everywhere. Fails with ENOENT where the program is missing, EINVAL for directories with a character that separates
 * its options, EIO where it failed itself.
 */
bool skiff_mount_fuse(const skiff_union *what, const skiff_id_range *ids, skiff_error *err);

#endif
