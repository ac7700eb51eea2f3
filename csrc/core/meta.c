#include "meta.h"
#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

/* The xattr calls have no *at form; through /proc a descriptor's entry has a path of its own. */
typedef char entry_path[NAME_MAX + 64];

static const char *path_of(entry_path path, int dir, const char *name)
{
    snprintf(path, sizeof(entry_path), "/proc/self/fd/%d/%s", dir, name);
    return path;
}

static bool set_owner_and_mode(int dir, const char *name, mode_t mode, uid_t uid, gid_t gid, skiff_error *err)
{
    /* By one descriptor, whose type is checked: chmod(2) by name would follow a link that took the entry's place. */
    cleanup_fd int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return skiff_fail(err, "open", name);
    if ((st.st_mode & S_IFMT) != (mode & S_IFMT))
        return skiff_fail_with(err, S_ISDIR(mode) ? ENOTDIR : EINVAL, "open", name);
    if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) != 0 && !(errno == EPERM && geteuid() != 0))
        return skiff_fail(err, "chown", name);
    if (S_ISLNK(mode)) /* a link's own mode can not be changed and means nothing, symlink(7) */
        return true;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* fchmod(2) takes no O_PATH descriptor */
    if (chmod(path, mode & 07777) != 0)
        return skiff_fail(err, "chmod", name);
    return true;
}

bool skiff_set_xattr(int dir, const char *name, const skiff_xattr *xattr, skiff_error *err)
{
    entry_path path;
    if (lsetxattr(path_of(path, dir, name), xattr->name, xattr->value, xattr->size, 0) == 0)
        return true;
    char what[NAME_MAX * 2 + 8];
    snprintf(what, sizeof what, "%s (%s)", name, xattr->name);
    return skiff_fail(err, "setxattr", what);
}

bool skiff_set_meta(int dir, const char *name, mode_t mode, uid_t uid, gid_t gid, const skiff_xattr *xattrs,
                    size_t count, skiff_error *err)
{
    if (!set_owner_and_mode(dir, name, mode, uid, gid, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!skiff_set_xattr(dir, name, &xattrs[i], err))
            return false;
    return true;
}

bool skiff_set_times(int dir, const char *name, const struct timespec times[2], skiff_error *err)
{
    if (utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) != 0)
        return skiff_fail(err, "utimensat", name);
    return true;
}

static bool copy_xattr(int from, int to, const char *name, const char *attribute, skiff_error *err)
{
    entry_path path;
    char value[XATTR_SIZE_MAX];
    ssize_t size = lgetxattr(path_of(path, from, name), attribute, value, sizeof value);
    if (size < 0)
        return errno == ENODATA || skiff_fail(err, "getxattr", name);
    skiff_xattr xattr = {.name = attribute, .value = value, .size = (size_t)size};
    return skiff_set_xattr(to, name, &xattr, err);
}

/* What overlay keeps there about its own layers says nothing of a copy, and would make it lie as a layer. */
static bool is_worth_copying(const char *attribute)
{
    return strncmp(attribute, "trusted.overlay.", 16) != 0 && strncmp(attribute, "user.overlay.", 13) != 0;
}

static bool copy_xattrs(int from, int to, const char *name, skiff_error *err)
{
    entry_path path;
    cleanup_free char *list = NULL;
    ssize_t size = llistxattr(path_of(path, from, name), NULL, 0);
    if (size <= 0)
        return size == 0 || errno == ENOTSUP || skiff_fail(err, "listxattr", name);
    list = malloc((size_t)size);
    if (!list)
        return skiff_fail(err, "malloc", name);
    size = llistxattr(path, list, (size_t)size);
    if (size < 0)
        return skiff_fail(err, "listxattr", name);
    for (const char *at = list; at < list + size; at += strlen(at) + 1)
        if (is_worth_copying(at) && !copy_xattr(from, to, name, at, err))
            return false;
    return true;
}

bool skiff_copy_meta(int from, int to, const char *name, const struct stat *st, skiff_error *err)
{
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    return set_owner_and_mode(to, name, st->st_mode, st->st_uid, st->st_gid, err) &&
           copy_xattrs(from, to, name, err) && skiff_set_times(to, name, times, err);
}

bool skiff_has_xattr(int dir, const char *name, const char *attribute, const char *wanted)
{
    entry_path path;
    char value[64];
    ssize_t size = lgetxattr(path_of(path, dir, name), attribute, value, sizeof value);
    return size == (ssize_t)strlen(wanted) && memcmp(value, wanted, (size_t)size) == 0;
}
