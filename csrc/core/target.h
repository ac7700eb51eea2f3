/* Places inside the container that something is mounted on. */
#ifndef SKIFF_CORE_TARGET_H
#define SKIFF_CORE_TARGET_H

#include "error.h"

/*
 * In the init, with the container's root as its root: open the place `path` (absolute, without "." and ".."), O_PATH. What
 * is missing is made, directories with mode 0755 and, at the end, an empty file of mode 0644 where `like` is a file; -1: it is a
 * directory.
 *
 * Links of the image are followed inside of its root, openat2(2) RESOLVE_IN_ROOT, but no magic link of /proc; and none
 * leads into /proc, where a mount could stand in for what the masks or later writes of this process mean (CVE-2025-31133,
 * CVE-2025-52881). There only what `path` itself names is opened, without any link. Refused so: EXDEV.
 *
 * -1 with `err` on failure.
 */
int skiff_open_target(const char *path, int like, skiff_error *err);

/* The file system that `fd` is on is procfs. */
bool skiff_is_procfs(int fd);

#endif
