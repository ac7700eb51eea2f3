#include "unpack.h"
#include "../core/cleanup.h"
#include "../core/rootpath.h"
#include "sparse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

/* With the parent directory of the entry before: tars are sorted by directory, most entries find theirs here. An entry
 * can only replace what is below its parent, so the open parent never goes stale. */
typedef struct unpacker {
    int root;
    int parent;
    bool keep_kinds;
    skiff_replaced *replaced;
    int kept;     /* its directory */
    size_t index; /* of the entry */
    char parent_name[PATH_MAX];
} unpacker;

static void close_unpacker(unpacker *u)
{
    skiff_close_fd(&u->kept);
    skiff_close_fd(&u->parent);
    skiff_close_fd(&u->root);
}

#define cleanup_unpacker __attribute__((cleanup(close_unpacker)))

/* ---- Parents ---- */

/* Open `path` below the root as a directory, making what is missing of it with mode 0755. */
static int open_or_make(int root, const char *path)
{
    int flags = O_PATH | O_DIRECTORY;
    int fd = skiff_open_in_root(root, *path ? path : ".", flags, 0);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    char part[PATH_MAX];
    size_t length = 0;
    cleanup_fd int dir = skiff_open_in_root(root, ".", flags, 0);
    while (dir >= 0 && path[length] != '\0') {
        size_t start = length + strspn(path + length, "/");
        length = start + strcspn(path + start, "/");
        memcpy(part, path, length);
        part[length] = '\0';
        if (mkdirat(dir, part + start, 0755) != 0 && errno != EEXIST)
            return -1;
        /* From the root again, since this part may be a link: to a directory that is there, or it is ENOENT. */
        int next = skiff_open_in_root(root, part, flags, 0);
        if (next < 0)
            return -1;
        close(dir);
        dir = next;
    }
    return skiff_steal_fd(&dir);
}

/* The open parent directory of `name`, and in `*base` its last component. */
static bool enter_parent(unpacker *u, const char *name, const char **base, skiff_error *err)
{
    const char *slash = strrchr(name, '/');
    size_t length = slash ? (size_t)(slash - name) : 0;
    *base = slash ? slash + 1 : name;
    if (**base == '\0')
        *base = "."; /* the root itself */
    if (length >= sizeof u->parent_name)
        return skiff_fail_with(err, ENAMETOOLONG, "openat2", name);
    if (u->parent >= 0 && strlen(u->parent_name) == length && memcmp(u->parent_name, name, length) == 0)
        return true;
    skiff_close_fd(&u->parent);
    u->parent = -1;
    memcpy(u->parent_name, name, length);
    u->parent_name[length] = '\0';
    u->parent = open_or_make(u->root, u->parent_name);
    return u->parent >= 0 || skiff_fail(err, "openat2", name);
}

/* ---- One entry ---- */

static bool keep_replaced(unpacker *u, const char *base, const char *name, skiff_error *err)
{
    skiff_replaced *replaced = u->replaced;
    char number[32];
    snprintf(number, sizeof number, "%" PRIu64, replaced->first + replaced->count);
    if (renameat(u->parent, base, u->kept, number) != 0)
        return skiff_fail(err, "rename", name);
    replaced->entries[replaced->count++] = u->index;
    /* Of two names of one file, rename(2) leaves both. */
    return unlinkat(u->parent, base, 0) == 0 || errno == ENOENT || skiff_fail(err, "unlink", name);
}

/* Make room for a new entry: what had the name before goes, as later members of an archive replace earlier ones. */
static bool clear_way(unpacker *u, const char *base, const char *name, skiff_error *err)
{
    struct stat st;
    if (fstatat(u->parent, base, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || skiff_fail(err, "unlink", name);
    bool is_directory = S_ISDIR(st.st_mode);
    if (is_directory && u->keep_kinds)
        return skiff_fail_with(err, EISDIR, "unlink", name);
    if (u->replaced && S_ISREG(st.st_mode) && st.st_size > 0)
        return keep_replaced(u, base, name, err);
    return unlinkat(u->parent, base, is_directory ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT ||
           skiff_fail(err, "unlink", name);
}

/* A directory's meta comes late: an entry behind it may have put something else into its place. */
static bool is_replaced(unpacker *u, const skiff_entry *e, const char *base)
{
    struct stat st;
    return S_ISDIR(e->mode) && fstatat(u->parent, base, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode);
}

static bool apply_meta(unpacker *u, const skiff_entry *e, const char *base, skiff_error *err)
{
    const struct timespec times[2] = {e->mtime, e->mtime};
    if (skiff_set_meta(u->parent, base, e->mode, e->uid, e->gid, e->xattrs, e->xattr_count, err) &&
        skiff_set_times(u->parent, base, times, err))
        return true;
    if (err->errnum == ENOTSUP || err->errnum == EPERM)
        return false; /* its path names the attribute */
    skiff_error_text(err->path, sizeof err->path, e->name);
    return false;
}

/* ---- Whiteouts ---- */

static bool set_opaque(unpacker *u, const char *base, const char *name, skiff_error *err)
{
    static const skiff_xattr opaque = {.name = "trusted.overlay.opaque", .value = "y", .size = 1};
    /* In a user namespace overlayfs is mounted with "userxattr". */
    static const skiff_xattr unprivileged = {.name = "user.overlay.opaque", .value = "y", .size = 1};
    if (skiff_set_xattr(u->parent, base, &opaque, err) ||
        (err->errnum == EPERM && skiff_set_xattr(u->parent, base, &unprivileged, err)))
        return true;
    skiff_error_text(err->path, sizeof err->path, name);
    return false;
}

static bool is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* Where the layer itself has something of that name, that hides what is below; a directory needs to be opaque for it. */
static bool make_whiteout(unpacker *u, const skiff_entry *e, const char *base, skiff_error *err)
{
    struct stat st;
    if (mknodat(u->parent, base, S_IFCHR, makedev(0, 0)) == 0)
        return true;
    if (errno != EEXIST || fstatat(u->parent, base, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return skiff_fail(err, "mknod", e->name);
    return !S_ISDIR(st.st_mode) || set_opaque(u, base, e->name, err);
}

static bool make_opaque(unpacker *u, const skiff_entry *e, const char *base, skiff_error *err)
{
    if (mkdirat(u->parent, base, 0755) != 0 && errno != EEXIST)
        return skiff_fail(err, "mkdir", e->name);
    return set_opaque(u, base, e->name, err);
}

/* ---- Other entries ---- */

static bool make_directory(unpacker *u, const skiff_entry *e, const char *base, skiff_error *err)
{
    struct stat st;
    if (mkdirat(u->parent, base, 0700) == 0)
        return true;
    if (errno != EEXIST || fstatat(u->parent, base, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return skiff_fail(err, "mkdir", e->name);
    if (S_ISDIR(st.st_mode))
        return true;
    if (u->keep_kinds)
        return skiff_fail_with(err, ENOTDIR, "mkdir", e->name);
    if (!clear_way(u, base, e->name, err))
        return false;
    if (mkdirat(u->parent, base, 0700) != 0)
        return skiff_fail(err, "mkdir", e->name);
    return !is_whiteout(&st) || set_opaque(u, base, e->name, err);
}

static int create_file(unpacker *u, const skiff_entry *e, const char *base, skiff_error *err)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(u->parent, base, flags, 0600);
    if (fd < 0 && errno == EEXIST) {
        if (!clear_way(u, base, e->name, err))
            return -1;
        fd = openat(u->parent, base, flags, 0600);
    }
    if (fd < 0)
        skiff_fail(err, "open", e->name);
    return fd;
}

/* The same as apply_meta for a file that is open: in an archive of many small files half of the calls. */
static bool apply_file_meta(int fd, const skiff_entry *e, skiff_error *err)
{
    const struct timespec times[2] = {e->mtime, e->mtime};
    if (fchown(fd, e->uid, e->gid) != 0 && !(errno == EPERM && geteuid() != 0))
        return skiff_fail(err, "chown", e->name);
    if (fchmod(fd, e->mode & 07777) != 0)
        return skiff_fail(err, "chmod", e->name);
    if (futimens(fd, times) != 0)
        return skiff_fail(err, "utimensat", e->name);
    return true;
}

/* It has its size from the beginning: nobody is to take what was written of it for the whole. */
static bool fail_to_write(unpacker *u, const skiff_entry *e, const char *base, skiff_error *err)
{
    skiff_fail(err, "write", e->name);
    unlinkat(u->parent, base, 0);
    return false;
}

static bool make_file(unpacker *u, const skiff_entry *e, const char *base, skiff_error *err)
{
    cleanup_fd int fd = create_file(u, e, base, err);
    if (fd < 0)
        return false;
    if (!skiff_write_sparse(fd, e->data, e->data_size, 0) || (skiff_ends_in_hole(e->data, e->data_size, e->size) && ftruncate(fd, (off_t)e->size) != 0))
        return fail_to_write(u, e, base, err);
    if (e->data_size < e->size)
        return true;
    return e->xattr_count > 0 ? apply_meta(u, e, base, err) : apply_file_meta(fd, e, err);
}

static bool add_data(unpacker *u, const skiff_entry *e, const char *base, skiff_error *err)
{
    /* Below a running container something else may have its name by now: a FIFO, a device. */
    cleanup_fd int file = openat(u->parent, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (file < 0 || fstat(file, &st) != 0)
        return skiff_fail(err, "open", e->name);
    if (!S_ISREG(st.st_mode))
        return skiff_fail_with(err, EINVAL, "open", e->name);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return skiff_fail(err, "open", e->name);
    return skiff_write_sparse(fd, e->data, e->data_size, e->offset) || fail_to_write(u, e, base, err);
}

static bool make_symlink(unpacker *u, const skiff_entry *e, const char *base, skiff_error *err)
{
    if (!clear_way(u, base, e->name, err))
        return false;
    if (symlinkat(e->target, u->parent, base) != 0)
        return skiff_fail(err, "symlink", e->name);
    return apply_meta(u, e, base, err);
}

static bool make_link(unpacker *u, const skiff_entry *e, const char *base, skiff_error *err)
{
    const char *slash = strrchr(e->target, '/');
    char from[PATH_MAX] = ".";
    if (slash) {
        if ((size_t)(slash - e->target) >= sizeof from)
            return skiff_fail_with(err, ENAMETOOLONG, "link", e->name);
        memcpy(from, e->target, (size_t)(slash - e->target));
        from[slash - e->target] = '\0';
    }
    cleanup_fd int dir = skiff_open_in_root(u->root, from, O_PATH | O_DIRECTORY, 0);
    struct stat st;
    const char *target = slash ? slash + 1 : e->target;
    if (dir < 0 || fstatat(dir, target, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return skiff_fail(err, "link", e->name);
    if (!clear_way(u, base, e->name, err))
        return false;
    return linkat(dir, target, u->parent, base, 0) == 0 || skiff_fail(err, "link", e->name);
}

static bool make_node(unpacker *u, const skiff_entry *e, const char *base, skiff_error *err)
{
    if (!clear_way(u, base, e->name, err))
        return false;
    if (mknodat(u->parent, base, (e->mode & S_IFMT) | 0600, e->device) != 0)
        return skiff_fail(err, "mknod", e->name);
    return apply_meta(u, e, base, err);
}

static bool write_entry(unpacker *u, const skiff_entry *e, skiff_error *err)
{
    const char *base;
    if (!enter_parent(u, e->name, &base, err))
        return false;
    switch (e->kind) {
    case SKIFF_ENTRY_DIRECTORY:
        return make_directory(u, e, base, err);
    case SKIFF_ENTRY_FILE:
        return make_file(u, e, base, err);
    case SKIFF_ENTRY_DATA:
        return add_data(u, e, base, err);
    case SKIFF_ENTRY_META:
        return is_replaced(u, e, base) || apply_meta(u, e, base, err);
    case SKIFF_ENTRY_SYMLINK:
        return make_symlink(u, e, base, err);
    case SKIFF_ENTRY_LINK:
        return make_link(u, e, base, err);
    case SKIFF_ENTRY_NODE:
        return make_node(u, e, base, err);
    case SKIFF_ENTRY_WHITEOUT:
        return make_whiteout(u, e, base, err);
    case SKIFF_ENTRY_OPAQUE:
        return make_opaque(u, e, base, err);
    }
    return skiff_fail_with(err, EINVAL, "unpack", e->name);
}

bool skiff_unpack(const char *root, const skiff_entry *entries, size_t count, bool keep_kinds, skiff_replaced *replaced,
                  skiff_error *err)
{
    cleanup_unpacker unpacker u = {.root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC),
                                   .parent = -1,
                                   .keep_kinds = keep_kinds,
                                   .replaced = replaced,
                                   .kept = -1};
    if (u.root < 0)
        return skiff_fail(err, "open", root);
    if (replaced) {
        u.kept = open(replaced->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (u.kept < 0)
            return skiff_fail(err, "open", replaced->directory);
    }
    for (; u.index < count; u.index++)
        if (!write_entry(&u, &entries[u.index], err))
            return false;
    return true;
}
