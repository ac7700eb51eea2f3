/* The mount namespace that containers' ones are copied from. */
#ifndef SKIFF_CORE_MOUNTBASE_H
#define SKIFF_CORE_MOUNTBASE_H

#include "error.h"

#define SKIFF_BASE_ROOT "/root" /* where a container's file system is attached to */

/*
 * Make a mount namespace with next to nothing in it: an empty, read-only tmpfs with SKIFF_BASE_ROOT and /dev/null.
 * Copying it costs the same however many mounts the host has, those of other containers among them. It lives as long as
 * `*namespace_fd` is open.
 */
bool skiff_make_mount_base(int *namespace_fd, skiff_error *err);

/* The same for user namespaces: procfs and sysfs are in it, which must be seen by those who mount them in one,
 * user_namespaces(7). */
bool skiff_make_seeing_mount_base(int *namespace_fd, skiff_error *err);

/* A detached copy of what is mounted on `path`, open_tree(2) of Linux 5.2; -1 with errno. */
int skiff_copy_mount(const char *path);

/* In a child with a file system view of its own, async-signal-safe: a new mount namespace, a copy of the base's, with the
 * detached mount attached; the working directory is its root then. False with errno. */
bool skiff_enter_mount_base(int base, int mount);

/* The last step of it alone, in a copy of the base that clone(2) has made. */
bool skiff_attach_to_base(int mount);

/* The same in a copy of any other mount namespace, of which nothing but `/` can be relied on to be open to the child. */
bool skiff_attach_over_root(int mount);

#endif
