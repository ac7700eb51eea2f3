/* A file's metadata: owner, mode, extended attributes, times; set in the one order in which none undoes another. */
#ifndef SKIFF_CORE_META_H
#define SKIFF_CORE_META_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

typedef struct skiff_xattr {
    const char *name;
    const void *value;
    size_t size;
} skiff_xattr;

/* Set owner, then mode (a chown clears setuid, chown(2)), then attributes of the entry `name` of `dir`, which is not
 * followed where it is a symbolic link. Only root can give files away: for others the owner stays theirs. */
bool skiff_set_meta(int dir, const char *name, mode_t mode, uid_t uid, gid_t gid, const skiff_xattr *xattrs,
                    size_t count, skiff_error *err);

/* One extended attribute of the entry itself. */
bool skiff_set_xattr(int dir, const char *name, const skiff_xattr *xattr, skiff_error *err);

/* Access and modification time, of a link itself where `name` is one. To be called last. */
bool skiff_set_times(int dir, const char *name, const struct timespec times[2], skiff_error *err);

/* Copy all of that from one entry to another; `st` is what lstat(2) says of the first. `name` "." is the directory. */
bool skiff_copy_meta(int from, int to, const char *name, const struct stat *st, skiff_error *err);

/* The value of one attribute of an entry is exactly `wanted`. */
bool skiff_has_xattr(int dir, const char *name, const char *attribute, const char *wanted);

#endif
