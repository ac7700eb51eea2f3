#include "target.h"

#include "cleanup.h"
#include "rootpath.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum { PROCFS_MAGIC = 0x9fa0 }; /* statfs(2) */

typedef enum target_kind { TARGET_DIRECTORY, TARGET_FILE } target_kind;

bool skiff_is_procfs(int fd)
{
    struct statfs about;
    return fstatfs(fd, &about) == 0 && about.f_type == PROCFS_MAGIC;
}

static bool is_below_proc(const char *path)
{
    return strncmp(path, "/proc", 5) == 0 && (path[5] == '/' || path[5] == '\0');
}

/* Where `path` leads to; EXDEV where that is in /proc and `path` does not say so itself. */
static int open_inside(const char *path, int flags)
{
    if (is_below_proc(path))
        return skiff_open_without_links(path, O_PATH | flags);
    /* What is on the root's own mount is not in /proc, and most targets are: one call less. */
    int fd = skiff_open_on_mount(AT_FDCWD, path, O_PATH | flags);
    if (fd >= 0 || errno == ENOENT)
        return fd;
    fd = skiff_open_in_root(AT_FDCWD, path, O_PATH | flags, 0);
    if (fd >= 0 && skiff_is_procfs(fd)) {
        close(fd);
        errno = EXDEV;
        return -1;
    }
    return fd;
}

/* Make `name` in `parent`. That it is there is a link that leads to nowhere, or somebody's who was quicker. */
static bool make_entry(int parent, const char *name, target_kind kind)
{
    if (kind == TARGET_DIRECTORY)
        return mkdirat(parent, name, 0755) == 0 || errno == EEXIST;
    cleanup_fd int file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    return file >= 0 || errno == EEXIST;
}

/* Open the first `length` bytes of `path`, made in `parent` where they lead to nothing. */
static int open_or_make(int parent, const char *path, size_t length, target_kind kind)
{
    char prefix[PATH_MAX];
    memcpy(prefix, path, length);
    prefix[length] = '\0';
    int flags = kind == TARGET_DIRECTORY ? O_DIRECTORY : 0;
    int fd = open_inside(prefix, flags);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (!make_entry(parent, strrchr(prefix, '/') + 1, kind))
        return -1;
    fd = open_inside(prefix, flags);
    if (fd < 0 && errno == ENOENT)
        errno = ELOOP;
    return fd;
}

static int make_all(const char *path, target_kind kind)
{
    cleanup_fd int parent = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (const char *end = path; parent >= 0 && *end;) {
        end = strchrnul(end + 1, '/');
        int next = open_or_make(parent, path, (size_t)(end - path), *end ? TARGET_DIRECTORY : kind);
        skiff_close_fd(&parent);
        parent = next;
    }
    return skiff_steal_fd(&parent);
}

static target_kind kind_of(int like)
{
    struct stat st;
    return like < 0 || (fstat(like, &st) == 0 && S_ISDIR(st.st_mode)) ? TARGET_DIRECTORY : TARGET_FILE;
}

int skiff_open_target(const char *path, int like, skiff_error *err)
{
    if (strlen(path) >= PATH_MAX) {
        skiff_fail_with(err, ENAMETOOLONG, "openat2", path);
        return -1;
    }
    int fd = open_inside(path, 0);
    if (fd < 0 && errno == ENOENT)
        fd = make_all(path, kind_of(like));
    if (fd < 0)
        skiff_fail(err, "openat2", path);
    return fd;
}
