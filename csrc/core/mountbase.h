/* The mount namespace that containers' ones are copied from. */
#ifndef SKIFF_CORE_MOUNTBASE_H
#define SKIFF_CORE_MOUNTBASE_H

#include "error.h"

/*
 * Make a mount namespace with next to nothing in it: a read-only tmpfs with /dev/null.
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
 * detached mount over its root; the working directory is its root then. False with errno. */
bool skiff_enter_mount_base(int base, int mount);

/* The last step of it alone, in a copy that clone(2) has made, of the base or of any other mount namespace. */
bool skiff_attach_over_root(int mount);

#endif
