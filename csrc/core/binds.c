#include "binds.h"

#include "cleanup.h"
#include "mountapi.h"
#include "mounts.h"
#include "plan.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { TREE_RECURSIVE = 0x8000 }; /* AT_RECURSIVE */
enum { MOVE_TO_LINK = 0x10 };     /* MOVE_MOUNT_T_SYMLINKS */

static bool set_attributes(int tree, uint32_t flags)
{
    struct {
        uint64_t set, clear, propagation, userns_fd;
    } attributes = {.set = flags & SKIFF_BIND_READONLY ? SKIFF_MOUNT_ATTR_RDONLY : 0, .propagation = MS_PRIVATE};
    return syscall(SKIFF_SYS_mount_setattr, tree, "", AT_EMPTY_PATH | TREE_RECURSIVE, &attributes, sizeof attributes) == 0;
}

static bool open_source(const char *source, uint32_t flags, int wanted, skiff_error *err)
{
    unsigned how = SKIFF_OPEN_TREE_CLONE | (flags & SKIFF_BIND_ALONE ? 0 : TREE_RECURSIVE);
    int tree = (int)syscall(SKIFF_SYS_open_tree, AT_FDCWD, source, how);
    if (tree < 0)
        return skiff_fail(err, "open_tree", source);
    /* A caller may have closed one of its standard streams: the lowest free number is not the next one then. */
    if (tree != wanted) {
        if (dup2(tree, wanted) < 0)
            return skiff_fail(err, "dup2", source);
        close(tree);
    }
    return set_attributes(wanted, flags) || skiff_fail(err, "mount_setattr", source);
}

bool skiff_open_binds(const void *records, size_t length, skiff_error *err)
{
    skiff_reader reader;
    if (!skiff_plan_open(&reader, records, length, err))
        return false;
    for (int next = SKIFF_BIND_FD; skiff_more(&reader); next++) {
        skiff_record record;
        const char *source;
        uint32_t flags;
        if (!skiff_read_record(&reader, &record, err))
            return false;
        if (record.operation != SKIFF_OP_BIND_SOURCE)
            return skiff_fail_with(err, EBADMSG, "plan", "has another operation among the sources of binds");
        if (!skiff_read_text(&record.payload, &source, err) || !skiff_read_u32(&record.payload, &flags, err) ||
            !skiff_read_end(&record.payload, err) || !open_source(source, flags, next, err))
            return false;
    }
    return true;
}

static bool is_directory(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool make_target(int tree, const char *target, skiff_error *err)
{
    if (is_directory(tree))
        return skiff_make_directories(target, err);
    char parent[PATH_MAX];
    size_t length = (size_t)(strrchr(target, '/') - target);
    if (length >= sizeof parent)
        return skiff_fail_with(err, ENAMETOOLONG, "open", target);
    memcpy(parent, target, length);
    parent[length] = '\0';
    if (length > 0 && !skiff_make_directories(parent, err))
        return false;
    cleanup_fd int file = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    return file >= 0 || errno == EEXIST || skiff_fail(err, "open", target);
}

static bool attach(int tree, const char *target)
{
    return syscall(SKIFF_SYS_move_mount, tree, "", AT_FDCWD, target, SKIFF_MOVE_MOUNT_F_EMPTY_PATH | MOVE_TO_LINK) == 0;
}

bool skiff_attach_bind(int tree, const char *target, skiff_error *err)
{
    if (tree == SKIFF_BIND_FD) /* the first of them; whatever the plan does with the others, none gets to the command */
        syscall(SYS_close_range, SKIFF_BIND_FD, ~0u, CLOSE_RANGE_CLOEXEC);
    if (attach(tree, target))
        return true;
    if (errno == ENOENT) {
        if (!make_target(tree, target, err))
            return false;
        if (attach(tree, target))
            return true;
    }
    int errnum = errno;
    struct stat place;
    if (errnum == EINVAL && stat(target, &place) == 0 && is_directory(tree) != S_ISDIR(place.st_mode))
        errnum = ENOTDIR;
    return skiff_fail_with(err, errnum, "move_mount", target);
}

void skiff_close_binds(int next)
{
    if (next > SKIFF_BIND_FD)
        syscall(SYS_close_range, SKIFF_BIND_FD, next - 1, 0);
}
