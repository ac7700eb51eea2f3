/* Mounts as the init makes them, from inside the container's own mount namespace. */
#ifndef SKIFF_CORE_MOUNTS_H
#define SKIFF_CORE_MOUNTS_H

#include "error.h"

#include <stdint.h>

/* Make the working directory, a mount point, this mount namespace's root and drop everything of the old one. From here on
 * no path can lead to the host: symlinks of an image resolve inside of it. */
bool skiff_enter_root(skiff_error *err);

/* The same where the working directory is mounted over the root of the mount base, which stays below: for a container
 * whose processes may not unmount. */
bool skiff_enter_root_on_base(skiff_error *err);

/* mount(2); the target directory is made where it is missing. A bind takes a second step for its other flags. */
bool skiff_mount(const char *type, const char *source, const char *target, uint64_t flags, const char *data,
                 skiff_error *err);

/* A new file system that is mounted nowhere yet, with MOUNT_ATTR_ flags and `name=value` options between commas; -1 on
 * failure. fsopen(2), Linux 5.2. */
int skiff_new_mount(const char *type, uint32_t attributes, const char *data, skiff_error *err);

/* Give it its place, which is made where it is missing. */
bool skiff_place_mount(int mount, const char *target, skiff_error *err);

/* The same on a target as skiff_open_target opens it. The working directory is "/" afterwards. */
bool skiff_mount_inside(const char *type, const char *source, const char *target, uint64_t flags, const char *data,
                        skiff_error *err);

/* An empty read-only directory, or /dev/null, over `path`. Missing is fine. `null` is that device's descriptor where its
 * path may mean something else by now, or -1. `*empty` is such a directory made before, or NULL: one serves for all. */
bool skiff_mask(const char *path, int null, const char **empty, skiff_error *err);

/* `path` and what is below it on the same file system can not be written any more. Missing is fine. */
bool skiff_make_readonly(const char *path, skiff_error *err);

/* The mount at `path` gets these SKIFF_MOUNT_ATTR_ flags and keeps its other ones. */
bool skiff_restrict_mount(const char *path, uint32_t attributes, skiff_error *err);

/* mkdir -p, with mode 0755. */
bool skiff_make_directories(const char *path, skiff_error *err);

/* The directories that `path`, which is absolute, lies in. */
bool skiff_make_parents(const char *path, skiff_error *err);

#endif
