#include "earlybinds.h"

#include "binds.h"
#include "cleanup.h"
#include "mountapi.h"
#include "plan.h"
#include "rootpath.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int skiff_copy_all_mounts(void)
{
    int tree = (int)syscall(SKIFF_SYS_open_tree, AT_FDCWD, "/", SKIFF_OPEN_TREE_CLONE | O_CLOEXEC | SKIFF_AT_RECURSIVE);
    if (tree >= 0 && skiff_set_attributes(tree, SKIFF_MOUNT_ATTR_NODEV, MS_PRIVATE, true))
        return tree;
    skiff_close_fd(&tree);
    return -1;
}

/* The directory that the targets of a while are in: they mostly share one. */
typedef struct {
    int root, fd;
    int seen;           /* targets in it, one after the other */
    bool without_links; /* none of its entries is one */
    size_t length;      /* of its path */
    char path[PATH_MAX];
} parent_directory;

/* So many targets in one directory, and it is read once, in place of a look at each further one. */
enum { WORTH_READING = 16 };

struct entry {
    uint64_t inode, offset;
    unsigned short length;
    unsigned char type;
};

/* By the types that its entries tell, getdents64(2). */
static bool has_no_links(int directory)
{
    char entries[8 << 10];
    long got;
    cleanup_fd int reading = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (reading < 0)
        return false;
    while ((got = syscall(SYS_getdents64, reading, entries, sizeof entries)) > 0)
        for (long at = 0; at < got;) {
            struct entry entry;
            memcpy(&entry, entries + at, sizeof entry);
            if (entry.type == DT_LNK || entry.type == DT_UNKNOWN)
                return false;
            at += entry.length;
        }
    return got == 0;
}

/* The directory, made where it is missing, with those above it. */
static int open_or_make(int root, char *path)
{
    int fd = skiff_open_plain(root, *path ? path : ".", O_PATH | O_DIRECTORY);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    for (char *slash = strchr(path, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        char *name = strrchr(path, '/');
        cleanup_fd int above = name ? (*name = '\0', skiff_open_plain(root, path, O_PATH | O_DIRECTORY)) : dup(root);
        bool made = above >= 0 && (mkdirat(above, name ? name + 1 : path, 0755) == 0 || errno == EEXIST);
        if (name)
            *name = '/';
        if (slash)
            *slash = '/';
        if (!made || !slash)
            return made ? skiff_open_plain(root, path, O_PATH | O_DIRECTORY) : -1;
    }
}

static bool enter_parent(parent_directory *parent, const char *target, size_t length)
{
    if (parent->fd >= 0 && parent->length == length && memcmp(parent->path, target, length) == 0)
        return true;
    if (length >= sizeof parent->path) {
        errno = ENAMETOOLONG;
        return false;
    }
    parent->seen = 0;
    parent->without_links = false;
    memcpy(parent->path, target, length);
    parent->path[length] = '\0';
    parent->length = length;
    skiff_close_fd(&parent->fd);
    parent->fd = open_or_make(parent->root, length == 0 ? parent->path : parent->path + 1);
    return parent->fd >= 0 && fchdir(parent->fd) == 0;
}

/* Of the source's kind. */
static bool make_target(const char *name, const char *source)
{
    struct stat about;
    if (stat(source, &about) != 0)
        return false;
    if (S_ISDIR(about.st_mode))
        return mkdirat(AT_FDCWD, name, 0755) == 0;
    cleanup_fd int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    return file >= 0;
}

/* In the parent, which is the working directory: there, or made. */
static bool is_plain(parent_directory *parent, const char *name, const char *source)
{
    struct stat about;
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        errno = EINVAL;
        return false;
    }
    if (++parent->seen == WORTH_READING)
        parent->without_links = has_no_links(parent->fd);
    if (parent->without_links)
        return true;
    if (fstatat(AT_FDCWD, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT && make_target(name, source);
    errno = ELOOP;
    return !S_ISLNK(about.st_mode);
}

static bool bind_one(parent_directory *parent, const char *source, const char *target, skiff_error *err)
{
    const char *slash = strrchr(target, '/');
    if (*target != '/' || !enter_parent(parent, target, (size_t)(slash - target)) || !is_plain(parent, slash + 1, source))
        return skiff_fail(err, "openat2", target);
    if (mount(source, slash + 1, NULL, MS_BIND | MS_REC, NULL) == 0 ||
        (errno == ENOENT && parent->without_links && make_target(slash + 1, source) &&
         mount(source, slash + 1, NULL, MS_BIND | MS_REC, NULL) == 0))
        return true;
    return skiff_fail(err, "mount", source);
}

static bool bind_all(int root, const void *records, size_t length, skiff_error *err)
{
    skiff_reader reader;
    parent_directory parent = {.root = root, .fd = -1};
    bool done = skiff_plan_open(&reader, records, length, err);
    while (done && skiff_more(&reader)) {
        skiff_bind bind;
        done = skiff_read_bind(&reader, &bind, err) && bind_one(&parent, bind.source, bind.target, err);
    }
    skiff_close_fd(&parent.fd);
    return done;
}

/* Below `mounts`, which covers it, `root` is reached by its descriptor alone; what is looked up from `/` is the caller's. */
static bool cover(int root, int mounts)
{
    unsigned how = SKIFF_MOVE_MOUNT_F_EMPTY_PATH | SKIFF_MOVE_MOUNT_T_EMPTY_PATH;
    return skiff_set_attributes(root, 0, MS_PRIVATE, false) &&
           syscall(SKIFF_SYS_move_mount, mounts, "", root, "", how) == 0 && fchdir(mounts) == 0 && chroot(".") == 0;
}

static bool uncover(int before, int root, int mounts)
{
    return fchdir(mounts) == 0 && umount2(".", MNT_DETACH) == 0 && fchdir(before) == 0 && chroot(".") == 0 &&
           fchdir(root) == 0;
}

bool skiff_bind_early(int root, int mounts, const void *records, size_t length, skiff_error *err)
{
    umask(0); /* modes are those of the init */
    cleanup_fd int before = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (before < 0 || !cover(root, mounts))
        return skiff_fail(err, "move_mount", "the caller's mounts");
    return bind_all(root, records, length, err) &&
           (uncover(before, root, mounts) || skiff_fail(err, "umount2", "the caller's mounts"));
}
