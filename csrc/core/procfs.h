/* Files of /proc that are written to: a place that looks like one might be another file system's (CVE-2025-52881). */
#ifndef SKIFF_CORE_PROCFS_H
#define SKIFF_CORE_PROCFS_H

#include "error.h"

#include <stddef.h>

/* Write a value to a file of procfs, by its path; ENOTSUP where it is another file system's. */
bool skiff_write_proc(const char *path, const char *value, size_t length, skiff_error *err);

#endif
