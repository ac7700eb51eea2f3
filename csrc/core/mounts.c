#include "mounts.h"

#include "cleanup.h"
#include "mountapi.h"
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

static bool mount_checked(const char *source, const char *target, const char *type, unsigned long flags,
                          const char *data, skiff_error *err)
{
    return mount(source, target, type, flags, data) == 0 || skiff_fail(err, "mount", target);
}

bool skiff_enter_root(skiff_error *err)
{
    if (!mount_checked(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL, err))
        return false;
    /* pivot_root(2): with both names ".", the old root is stacked on the new one and needs no directory. */
    if (syscall(SYS_pivot_root, ".", ".") != 0)
        return skiff_fail(err, "pivot_root", "the mount point");
    if (umount2(".", MNT_DETACH) != 0)
        return skiff_fail(err, "umount2", "the old root");
    return chdir("/") == 0 || skiff_fail(err, "chdir", "/");
}

/*
 * What is mounted over a namespace's root is what every process in it has for `/`, and comes back to from above it: the
 * kernel goes on to the topmost mount there, as for one that joins (setns(2)). Below is nothing of the host, and who may
 * not unmount cannot uncover it. To take it off would wait for RCU, which is a thirtieth of a start.
 */
bool skiff_enter_root_on_base(skiff_error *err)
{
    return mount_checked(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL, err) &&
           (chroot(".") == 0 || skiff_fail(err, "chroot", "the mount point")) &&
           (chdir("/") == 0 || skiff_fail(err, "chdir", "/"));
}

bool skiff_make_directories(const char *path, skiff_error *err)
{
    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return true;
    if (errno != ENOENT)
        return skiff_fail(err, "mkdir", path);
    char prefix[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof prefix)
        return skiff_fail_with(err, ENAMETOOLONG, "mkdir", path);
    memcpy(prefix, path, length + 1);
    for (char *slash = strchr(prefix + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(prefix, 0755) != 0 && errno != EEXIST)
            return skiff_fail(err, "mkdir", prefix);
        *slash = '/';
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST || skiff_fail(err, "mkdir", path);
}

bool skiff_make_parents(const char *path, skiff_error *err)
{
    char parent[PATH_MAX];
    const char *name = strrchr(path, '/');
    size_t length = name ? (size_t)(name - path) : 0;
    if (length >= sizeof parent)
        return skiff_fail_with(err, ENAMETOOLONG, "mkdir", path);
    memcpy(parent, path, length);
    parent[length] = '\0';
    return length == 0 || skiff_make_directories(parent, err);
}

/* The flags that mount(2) keeps only when they are told again at a remount. */
static bool kept_flags(const char *path, unsigned long *flags, skiff_error *err)
{
    struct statvfs now;
    if (statvfs(path, &now) != 0)
        return skiff_fail(err, "statvfs", path);
    *flags = 0;
    if (now.f_flag & ST_NOSUID)
        *flags |= MS_NOSUID;
    if (now.f_flag & ST_NODEV)
        *flags |= MS_NODEV;
    if (now.f_flag & ST_NOEXEC)
        *flags |= MS_NOEXEC;
    if (now.f_flag & ST_NOATIME)
        *flags |= MS_NOATIME;
    if (now.f_flag & ST_NODIRATIME)
        *flags |= MS_NODIRATIME;
    if (now.f_flag & ST_RELATIME)
        *flags |= MS_RELATIME;
    if (now.f_flag & ST_RDONLY)
        *flags |= MS_RDONLY;
    return true;
}

bool skiff_mount(const char *type, const char *source, const char *target, uint64_t flags, const char *data,
                 skiff_error *err)
{
    int result = mount(source, target, type, flags, data);
    if (result != 0 && errno == ENOENT) {
        if (!skiff_make_directories(target, err))
            return false;
        result = mount(source, target, type, flags, data);
    }
    if (result != 0)
        return skiff_fail(err, "mount", target);
    unsigned long more = flags & ~(unsigned long)(MS_BIND | MS_REC);
    if ((flags & MS_BIND) == 0 || more == 0)
        return true;
    unsigned long kept;
    return kept_flags(target, &kept, err) &&
           mount_checked(NULL, target, NULL, MS_REMOUNT | MS_BIND | kept | more, NULL, err);
}

static bool set_options(int context, const char *data, skiff_error *err)
{
    char option[256];
    for (size_t length; *data; data += length + (data[length] == ',')) {
        length = strcspn(data, ",");
        if (length >= sizeof option)
            return skiff_fail_with(err, ENAMETOOLONG, "fsconfig", data);
        memcpy(option, data, length);
        option[length] = '\0';
        char *value = strchr(option, '=');
        if (value)
            *value++ = '\0';
        int kind = value ? SKIFF_FSCONFIG_SET_STRING : SKIFF_FSCONFIG_SET_FLAG;
        if (syscall(SKIFF_SYS_fsconfig, context, kind, option, value, 0) != 0)
            return skiff_fail(err, "fsconfig", option);
    }
    return true;
}

int skiff_new_mount(const char *type, uint32_t attributes, const char *data, skiff_error *err)
{
    cleanup_fd int context = (int)syscall(SKIFF_SYS_fsopen, type, SKIFF_FSOPEN_CLOEXEC);
    if (context >= 0 && !set_options(context, data, err))
        return -1;
    (void)syscall(SKIFF_SYS_fsconfig, context, SKIFF_FSCONFIG_SET_STRING, "source", type, 0); /* for mountinfo's eyes */
    if (context < 0 || syscall(SKIFF_SYS_fsconfig, context, SKIFF_FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) {
        skiff_fail(err, "fsopen", type);
        return -1;
    }
    int mount = (int)syscall(SKIFF_SYS_fsmount, context, SKIFF_FSMOUNT_CLOEXEC, attributes);
    if (mount < 0)
        skiff_fail(err, "fsmount", type);
    return mount;
}

/* Links are followed, as mount(2) follows them. */
static bool attach(int mount, const char *target)
{
    unsigned how = SKIFF_MOVE_MOUNT_F_EMPTY_PATH | SKIFF_MOVE_MOUNT_T_SYMLINKS;
    return syscall(SKIFF_SYS_move_mount, mount, "", AT_FDCWD, target, how) == 0;
}

bool skiff_place_mount(int mount, const char *target, skiff_error *err)
{
    if (attach(mount, target))
        return true;
    if (errno == ENOENT && !skiff_make_directories(target, err))
        return false;
    return attach(mount, target) || skiff_fail(err, "move_mount", target);
}

bool skiff_mount_inside(const char *type, const char *source, const char *target, uint64_t flags, const char *data,
                        skiff_error *err)
{
    cleanup_fd int place = skiff_open_target(target, -1, err);
    if (place < 0)
        return false;
    /* By the working directory mount(2) reaches just what was opened. */
    if (fchdir(place) != 0 || mount(source, ".", type, flags, data) != 0)
        return skiff_fail(err, "mount", target);
    return chdir("/") == 0 || skiff_fail(err, "chdir", "/");
}

static bool mask_directory(const char *path, const char **empty)
{
    if (*empty)
        return mount(*empty, path, NULL, MS_BIND, NULL) == 0;
    if (mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=0k,nr_inodes=2") != 0)
        return false;
    *empty = path;
    return true;
}

static bool mask_file(const char *path, int length, int null)
{
    char source[32] = "/dev/null", plain[PATH_MAX];
    if (null >= 0)
        snprintf(source, sizeof source, "/proc/self/fd/%d", null);
    snprintf(plain, sizeof plain, "%.*s", length, path);
    return mount(source, plain, NULL, MS_BIND, NULL) == 0;
}

bool skiff_mask(const char *path, int null, const char **empty, skiff_error *err)
{
    /* A slash says that it is a directory; a mount of the wrong kind, which the kernel takes back, waits for RCU. */
    int length = (int)strlen(path);
    bool directory_first = length > 1 && path[length - 1] == '/';
    bool done = directory_first ? mask_directory(path, empty) : mask_file(path, length, null);
    if (!done && errno == ENOTDIR)
        done = directory_first ? mask_file(path, length - 1, null) : mask_directory(path, empty);
    return done || errno == ENOENT || skiff_fail(err, "mount", path);
}

/* As mount(2) has them. */
static unsigned long old_flags(uint32_t attributes)
{
    return (attributes & SKIFF_MOUNT_ATTR_RDONLY ? MS_RDONLY : 0) | (attributes & SKIFF_MOUNT_ATTR_NOSUID ? MS_NOSUID : 0) |
           (attributes & SKIFF_MOUNT_ATTR_NODEV ? MS_NODEV : 0) | (attributes & SKIFF_MOUNT_ATTR_NOEXEC ? MS_NOEXEC : 0);
}

bool skiff_restrict_mount(const char *path, uint32_t attributes, skiff_error *err)
{
    /* mount_setattr(2), Linux 5.12, changes just these flags. */
    struct {
        uint64_t attr_set, attr_clr, propagation, userns_fd;
    } change = {.attr_set = attributes};
    if (syscall(SKIFF_SYS_mount_setattr, AT_FDCWD, path, 0, &change, sizeof change) == 0)
        return true;
    if (errno != ENOSYS && errno != EPERM) /* an outer seccomp filter may answer EPERM for what it does not know */
        return skiff_fail(err, "mount_setattr", path);
    unsigned long kept;
    return kept_flags(path, &kept, err) &&
           mount_checked(NULL, path, NULL, MS_REMOUNT | MS_BIND | old_flags(attributes) | kept, NULL, err);
}

bool skiff_make_readonly(const char *path, skiff_error *err)
{
    if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) != 0)
        return errno == ENOENT || skiff_fail(err, "mount", path);
    return skiff_restrict_mount(path, SKIFF_MOUNT_ATTR_RDONLY, err);
}
