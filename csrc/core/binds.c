#include "binds.h"

#include "cleanup.h"
#include "mountapi.h"
#include "plan.h"
#include "rootpath.h"
#include "target.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static const uint64_t propagations[] = {
    [SKIFF_BIND_PRIVATE] = MS_PRIVATE,
    [SKIFF_BIND_SLAVE] = MS_SLAVE,
    [SKIFF_BIND_SHARED] = MS_SHARED,
};

bool skiff_set_attributes(int tree, uint64_t set, uint64_t propagation, bool recursive)
{
    struct {
        uint64_t set, clear, propagation, userns_fd;
    } attributes = {.set = set, .propagation = propagation};
    int flags = AT_EMPTY_PATH | (recursive ? SKIFF_AT_RECURSIVE : 0);
    return syscall(SKIFF_SYS_mount_setattr, tree, "", flags, &attributes, sizeof attributes) == 0;
}

static bool prepare_source(int tree, uint32_t flags)
{
    uint64_t propagation = propagations[flags & SKIFF_BIND_PROPAGATION];
    uint64_t nodev = flags & SKIFF_BIND_NODEV ? SKIFF_MOUNT_ATTR_NODEV : 0;
    uint64_t readonly = flags & SKIFF_BIND_READONLY ? SKIFF_MOUNT_ATTR_RDONLY : 0;
    bool write_below = flags & SKIFF_BIND_WRITE_BELOW, propagate_alone = flags & SKIFF_BIND_PROPAGATE_ALONE;
    /* Devices are denied in all of it, so by the call that is for all of it. */
    if (write_below == propagate_alone || !readonly)
        return propagate_alone ? skiff_set_attributes(tree, readonly, propagation, false) &&
                                     (nodev == 0 || skiff_set_attributes(tree, nodev, 0, true))
                               : skiff_set_attributes(tree, readonly | nodev, propagation, true);
    return skiff_set_attributes(tree, readonly | (write_below ? 0 : nodev), 0, !write_below) &&
           skiff_set_attributes(tree, write_below ? nodev : 0, propagation, !propagate_alone);
}

/* ID-mapped, mount_setattr(2); EINVAL where there is no user namespace to shift into, or the file system cannot have it. */
static bool shift_source(int tree, uint32_t flags, int user_namespace)
{
    struct {
        uint64_t set, clear, propagation, userns_fd;
    } attributes = {.set = SKIFF_MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user_namespace};
    int how = AT_EMPTY_PATH | (flags & SKIFF_BIND_ALONE ? 0 : SKIFF_AT_RECURSIVE);
    return syscall(SKIFF_SYS_mount_setattr, tree, "", how, &attributes, sizeof attributes) == 0;
}

/* A detached copy of what is mounted on `source`, or on `below` inside of it. */
static int copy_source(const char *source, const char *below, uint32_t flags)
{
    unsigned how = SKIFF_OPEN_TREE_CLONE | (flags & SKIFF_BIND_ALONE ? 0 : SKIFF_AT_RECURSIVE);
    if (!*below)
        return (int)syscall(SKIFF_SYS_open_tree, AT_FDCWD, source, how);
    cleanup_fd int root = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
    cleanup_fd int inside = root < 0 ? -1 : skiff_open_in_root(root, below, O_PATH, 0);
    return inside < 0 ? -1 : (int)syscall(SKIFF_SYS_open_tree, inside, "", how | AT_EMPTY_PATH);
}

static bool open_source(const char *source, const char *below, uint32_t flags, int wanted, int user_namespace,
                        skiff_error *err)
{
    int tree = copy_source(source, below, flags);
    if (tree < 0)
        return skiff_fail(err, "open_tree", *below ? below : source);
    /* A caller may have closed one of its standard streams: the lowest free number is not the next one then. */
    if (tree != wanted) {
        if (dup2(tree, wanted) < 0)
            return skiff_fail(err, "dup2", source);
        close(tree);
    }
    if ((flags & SKIFF_BIND_SHIFTED) && !shift_source(wanted, flags, user_namespace))
        return skiff_fail(err, "mount_setattr IDMAP", source);
    return prepare_source(wanted, flags) || skiff_fail(err, "mount_setattr", source);
}

bool skiff_read_bind(skiff_reader *reader, skiff_bind *bind, skiff_error *err)
{
    skiff_record record;
    if (!skiff_read_record(reader, &record, err))
        return false;
    if (record.operation != SKIFF_OP_BIND_SOURCE)
        return skiff_fail_with(err, EBADMSG, "plan", "has another operation among the sources of binds");
    if (!skiff_read_text(&record.payload, &bind->source, err) || !skiff_read_text(&record.payload, &bind->below, err) ||
        !skiff_read_u32(&record.payload, &bind->flags, err) || !skiff_read_text(&record.payload, &bind->target, err) ||
        !skiff_read_end(&record.payload, err))
        return false;
    return (bind->flags & SKIFF_BIND_PROPAGATION) <= SKIFF_BIND_SHARED ||
           skiff_fail_with(err, EBADMSG, "plan", "has an unknown propagation of a bind");
}

bool skiff_are_early(const void *records, size_t length)
{
    skiff_reader reader;
    skiff_bind first;
    skiff_error ignored;
    return skiff_plan_open(&reader, records, length, &ignored) && skiff_more(&reader) &&
           skiff_read_bind(&reader, &first, &ignored) && (first.flags & SKIFF_BIND_EARLY);
}

bool skiff_keep_below_binds(int *const kept[SKIFF_KEPT])
{
    for (int i = 0; i < SKIFF_KEPT; i++)
        if (*kept[i] >= 0 && (*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, SKIFF_BIND_FD)) < 0)
            return false;
    for (int i = 0; i < SKIFF_KEPT; i++) {
        /* The pipe stands in for what there is none of, so that its number is not free. */
        if (dup3(*kept[i] >= 0 ? *kept[i] : *kept[0], SKIFF_PIPE_FD + i, O_CLOEXEC) < 0)
            return false;
        if (*kept[i] >= 0)
            *kept[i] = SKIFF_PIPE_FD + i;
    }
    return syscall(SYS_close_range, SKIFF_BIND_FD, ~0u, 0) == 0;
}

bool skiff_open_binds(const void *records, size_t length, int user_namespace, skiff_error *err)
{
    skiff_reader reader;
    if (!skiff_plan_open(&reader, records, length, err))
        return false;
    for (int next = SKIFF_BIND_FD; skiff_more(&reader); next++) {
        skiff_bind bind;
        if (!skiff_read_bind(&reader, &bind, err) ||
            !open_source(bind.source, bind.below, bind.flags, next, user_namespace, err))
            return false;
    }
    return true;
}

static bool is_directory(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

bool skiff_attach_bind(int tree, const char *target, skiff_error *err)
{
    if (tree == SKIFF_BIND_FD) /* the first of them; whatever the plan does with the others, none gets to the command */
        syscall(SYS_close_range, SKIFF_BIND_FD, ~0u, CLOSE_RANGE_CLOEXEC);
    cleanup_fd int place = skiff_open_target(target, tree, err);
    if (place < 0)
        return false;
    /* Over /proc itself only another one: what is asked of it later must be the kernel's answer. */
    if (strcmp(target, "/proc") == 0 && !skiff_is_procfs(tree))
        return skiff_fail_with(err, EXDEV, "move_mount", target);
    unsigned how = SKIFF_MOVE_MOUNT_F_EMPTY_PATH | SKIFF_MOVE_MOUNT_T_EMPTY_PATH;
    if (syscall(SKIFF_SYS_move_mount, tree, "", place, "", how) == 0)
        return true;
    int errnum = errno;
    bool fits = errnum != EINVAL || is_directory(tree) == is_directory(place);
    return skiff_fail_with(err, fits ? errnum : ENOTDIR, "move_mount", target);
}

void skiff_close_binds(int next)
{
    if (next > SKIFF_BIND_FD)
        syscall(SYS_close_range, SKIFF_BIND_FD, next - 1, 0);
}
