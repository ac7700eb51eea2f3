#include "rootpath.h"
#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* openat2(2); kernel headers before 5.6 have no <linux/openat2.h>. */
struct open_how {
    uint64_t flags, mode, resolve;
};
enum {
    RESOLVE_NO_XDEV = 0x01,
    RESOLVE_NO_MAGICLINKS = 0x02,
    RESOLVE_NO_SYMLINKS = 0x04,
    RESOLVE_BENEATH = 0x08,
    RESOLVE_IN_ROOT = 0x10,
};

enum { MAX_LINKS = 40 /* as the kernel, path_resolution(7) */, MAX_RACES = 64 };

/* EPERM: seccomp filters older than the call answer so instead of ENOSYS. */
static bool is_missing(int errnum)
{
    return errnum == ENOSYS || errnum == EPERM;
}

static int open_resolved(int dir, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .mode = mode, .resolve = resolve};
    int fd = -1;
    /* EAGAIN: something was renamed while the kernel looked at `..`, openat2(2). */
    for (int i = 0; i < MAX_RACES; i++) {
        fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            return fd;
    }
    return fd;
}

int skiff_open_in_root(int root, const char *path, int flags, mode_t mode)
{
    int fd = open_resolved(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    return fd < 0 && is_missing(errno) ? skiff_walk_in_root(root, path, flags, mode) : fd;
}

int skiff_open_on_mount(int root, const char *path, int flags)
{
    return open_resolved(root, path, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
}

int skiff_open_without_links(const char *path, int flags)
{
    return open_resolved(AT_FDCWD, path, flags, 0, RESOLVE_NO_SYMLINKS);
}

int skiff_open_plain(int root, const char *path, int flags)
{
    return open_resolved(root, path, flags, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

/* ---- The walk: one component at a time, links expanded by hand, nothing of the kernel's own resolution. ---- */

typedef struct walk {
    int root;
    int links;
    char done[PATH_MAX];    /* where `dir` is, without links and `..`: "/a/b" or "" */
    char pending[PATH_MAX]; /* what is still to go */
} walk;

static bool put_in_front(walk *w, const char *target)
{
    char rest[PATH_MAX];
    strcpy(rest, w->pending);
    if (strlen(target) + 1 + strlen(rest) >= sizeof w->pending) {
        errno = ENAMETOOLONG;
        return false;
    }
    stpcpy(stpcpy(stpcpy(w->pending, target), "/"), rest);
    return true;
}

/* Take the next component off; false at the end. `*last` tells whether it is the last. */
static bool next_component(walk *w, char name[PATH_MAX], bool *last)
{
    char *start = w->pending + strspn(w->pending, "/");
    size_t length = strcspn(start, "/");
    if (length == 0)
        return false;
    memcpy(name, start, length);
    name[length] = '\0';
    char *rest = start + length;
    *last = rest[strspn(rest, "/")] == '\0';
    memmove(w->pending, rest, strlen(rest) + 1);
    return true;
}

/* Open a path that has neither links nor `..`, from the root again. */
static int reopen(int root, const char *path)
{
    int dir = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char copy[PATH_MAX], *rest = copy, *name;
    strcpy(copy, path);
    while (dir >= 0 && (name = strsep(&rest, "/"))) {
        if (*name == '\0')
            continue;
        int next = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(dir);
        dir = next;
    }
    return dir;
}

/* Go to `done`, from the root on. */
static bool go_to_done(walk *w, int *dir)
{
    int fd = reopen(w->root, w->done);
    if (fd < 0)
        return false;
    close(*dir);
    *dir = fd;
    return true;
}

static bool follow_link(walk *w, int *dir, int link)
{
    char target[PATH_MAX];
    if (++w->links > MAX_LINKS) {
        errno = ELOOP;
        return false;
    }
    ssize_t length = readlinkat(link, "", target, sizeof target - 1);
    if (length < 0)
        return false;
    target[length] = '\0';
    if (!put_in_front(w, target))
        return false;
    if (target[0] != '/')
        return true;
    w->done[0] = '\0';
    return go_to_done(w, dir);
}

static bool step_into(walk *w, int *dir, int *found, const char *name)
{
    struct stat st;
    if (fstat(*found, &st) != 0)
        return false;
    if (S_ISLNK(st.st_mode))
        return follow_link(w, dir, *found);
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return false;
    }
    if (strlen(w->done) + strlen(name) + 2 > sizeof w->done) {
        errno = ENAMETOOLONG;
        return false;
    }
    strcat(strcat(w->done, "/"), name);
    close(*dir);
    *dir = skiff_steal_fd(found);
    return true;
}

static bool go_up(walk *w, int *dir)
{
    char *slash = strrchr(w->done, '/');
    if (slash)
        *slash = '\0';
    return go_to_done(w, dir);
}

int skiff_walk_in_root(int root, const char *path, int flags, mode_t mode)
{
    walk w = {.root = root};
    if (strlen(path) >= sizeof w.pending) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(w.pending, path);
    cleanup_fd int dir = reopen(root, "");
    char name[PATH_MAX];
    bool last = true;
    while (dir >= 0 && next_component(&w, name, &last)) {
        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0) {
            if (!go_up(&w, &dir))
                return -1;
            continue;
        }
        cleanup_fd int found = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (found < 0 && !(last && errno == ENOENT))
            return -1;
        struct stat st = {0};
        bool is_link = found >= 0 && fstat(found, &st) == 0 && S_ISLNK(st.st_mode);
        if (last && (!is_link || (flags & O_NOFOLLOW)))
            return openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
        if (!step_into(&w, &dir, &found, name))
            return -1;
    }
    return dir < 0 ? -1 : openat(dir, ".", flags | O_CLOEXEC, mode);
}

/* ---- Mounts ---- */

/* The id of the mount that `fd` is on; name_to_handle_at(2) tells it even where it can make no handle. */
static int mount_id(int fd)
{
    struct file_handle handle = {0};
    int id = -1;
    if (name_to_handle_at(fd, "", &handle, &id, AT_EMPTY_PATH) != 0 && errno != EOVERFLOW)
        return -1;
    return id;
}

int skiff_open_subdirectory(int parent, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = open_resolved(parent, name, flags, 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
    if (fd >= 0 || !is_missing(errno))
        return fd;
    fd = openat(parent, name, flags);
    if (fd < 0)
        return -1;
    /* A bind mount of the same file system has the same st_dev: only the mount's id tells. */
    struct stat below, above;
    if (fstat(fd, &below) != 0 || fstat(parent, &above) != 0 || below.st_dev != above.st_dev ||
        mount_id(fd) != mount_id(parent)) {
        close(fd);
        errno = EXDEV;
        return -1;
    }
    return fd;
}

/* ---- Files ---- */

static bool read_whole(int fd, size_t limit, char **data, size_t *size)
{
    size_t room = 4096, used = 0;
    cleanup_free char *buffer = malloc(room);
    while (buffer) {
        ssize_t got = skiff_retry(read(fd, buffer + used, room - used));
        if (got < 0)
            return false;
        used += (size_t)got;
        if (used > limit) {
            errno = EFBIG;
            return false;
        }
        if (got == 0) {
            *data = buffer;
            *size = used;
            buffer = NULL;
            return true;
        }
        if (used == room) {
            char *larger = realloc(buffer, room *= 2);
            if (!larger)
                return false;
            buffer = larger;
        }
    }
    return false;
}

bool skiff_read_in_root(const char *root, const char *path, size_t limit, bool walk, char **data, size_t *size,
                        skiff_error *err)
{
    *data = NULL;
    *size = 0;
    cleanup_fd int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return skiff_fail(err, "open", root);
    /* O_NONBLOCK: a FIFO in an untrusted image must not hold us up. */
    int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    cleanup_fd int fd = walk ? skiff_walk_in_root(dir, path, flags, 0) : skiff_open_in_root(dir, path, flags, 0);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? true : skiff_fail(err, "openat2", path);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return skiff_fail(err, "fstat", path);
    if (!S_ISREG(st.st_mode))
        return skiff_fail_with(err, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, "open", path);
    return read_whole(fd, limit, data, size) || skiff_fail(err, "read", path);
}
