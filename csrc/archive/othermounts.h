/* What a walk meets that is not of the tree's own file system. */
#ifndef SKIFF_ARCHIVE_OTHERMOUNTS_H
#define SKIFF_ARCHIVE_OTHERMOUNTS_H

#include <stdbool.h>
#include <sys/stat.h>

/* File systems that show the kernel's state: their files have no size, no end, or effects when they are read. */
bool skiff_is_of_the_kernel(int fd);

/* Whether a directory is the root of a mount: Linux 5.8; before, a bind of the same file system goes unseen. */
bool skiff_is_mount_root(int fd, const struct stat *st, dev_t above);

#endif
