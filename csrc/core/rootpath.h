/* Paths inside a directory that stands for "/": whatever `..` and symbolic links say, they never lead out of it. */
#ifndef SKIFF_CORE_ROOTPATH_H
#define SKIFF_CORE_ROOTPATH_H

#include "error.h"

#include <stddef.h>
#include <sys/types.h>

/* Open `path` as if `root` were "/": openat2(RESOLVE_IN_ROOT), or a walk of our own on kernels before 5.6 and under
 * seccomp filters that refuse the call. `flags` as for open(2), O_CLOEXEC is added. -1 and errno on failure. */
int skiff_open_in_root(int root, const char *path, int flags, mode_t mode);

/* The same where nothing on the way is another mount than that of `root`; EXDEV where one is, or openat2(2)'s other errors. */
int skiff_open_on_mount(int root, const char *path, int flags);

/* Open `path` where not one component of it is a symbolic link; ELOOP where one is. */
int skiff_open_without_links(const char *path, int flags);

/* Open `path` inside of `root` where no component of it is a symbolic link and nothing on the way is another mount. Linux
 * 5.6; there is no other way. */
int skiff_open_plain(int root, const char *path, int flags);

/* The walk alone, so that it can be tested on kernels that do not need it. */
int skiff_walk_in_root(int root, const char *path, int flags, mode_t mode);

/* Open the directory `name` of `parent`: neither a symbolic link nor another mount (EXDEV). -1 and errno on failure. */
int skiff_open_subdirectory(int parent, const char *name);

/* Read the regular file `path` below `root` into memory of the caller's to free. `*data` is NULL where it is missing.
 * Anything but a regular file is EINVAL (a directory EISDIR), more than `limit` bytes EFBIG. */
bool skiff_read_in_root(const char *root, const char *path, size_t limit, bool walk, char **data, size_t *size,
                        skiff_error *err);

#endif
