#include "view.h"
#include "../core/cleanup.h"
#include "../core/mountapi.h"
#include "../core/rootpath.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>

typedef struct opening {
    const skiff_workspace *workspace;
    const skiff_view_bind *binds;
    size_t bind_count;
    int fd;
    skiff_error err;
} opening;

/* Onto the descriptor of what the path leads to inside: no link of the container leads the mount elsewhere. */
static bool mount_one(int root, const skiff_view_bind *bind, skiff_error *err)
{
    char path[64];
    cleanup_fd int target = skiff_open_in_root(root, bind->destination, O_PATH, 0);
    if (target < 0)
        return errno == ENOENT || errno == ENOTDIR || skiff_fail(err, "open", bind->destination);
    snprintf(path, sizeof path, "/proc/self/fd/%d", target);
    if (mount(bind->source, path, NULL, MS_BIND | MS_REC, NULL) != 0)
        return skiff_fail(err, "mount", bind->source);
    if (!bind->read_only)
        return true;
    /* The descriptor is what lies below the mount; the path leads onto it. */
    cleanup_fd int mounted = skiff_open_in_root(root, bind->destination, O_PATH, 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", mounted);
    return (mounted >= 0 && mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0) ||
           skiff_fail(err, "mount", bind->destination);
}

/* The end of a mount namespace takes apart what is mounted in one another; a copy of the tree stays together. */
static int copy_tree(const char *target, skiff_error *err)
{
    int fd = (int)syscall(SKIFF_SYS_open_tree, AT_FDCWD, target, SKIFF_OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE);
    if (fd < 0)
        skiff_fail(err, "open_tree", target);
    return fd;
}

static int open_mounted(const opening *o, skiff_error *err)
{
    const char *target = o->workspace->what.target;
    cleanup_fd int root = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return skiff_fail(err, "open", target), -1;
    for (size_t i = 0; i < o->bind_count; i++)
        if (!mount_one(root, &o->binds[i], err))
            return -1;
    return o->bind_count > 0 ? copy_tree(target, err) : skiff_steal_fd(&root);
}

/* On a thread of its own: the namespace is that thread's, and ends with it. */
static void *open_view(void *context)
{
    opening *o = context;
    if (unshare(CLONE_NEWNS) != 0)
        return skiff_fail(&o->err, "unshare", NULL), NULL;
    /* Else the mount would appear where ours came from, and stay. */
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return skiff_fail(&o->err, "mount", "/"), NULL;
    if (skiff_mount_union(o->workspace, &o->err))
        o->fd = open_mounted(o, &o->err);
    /* The process that serves it is in the namespace, too: each would keep the other. */
    if (o->workspace->kind == SKIFF_WORKSPACE_FUSE)
        umount2(o->workspace->what.target, MNT_DETACH);
    return NULL;
}

int skiff_open_view(const skiff_workspace *workspace, const skiff_view_bind *binds, size_t bind_count,
                    skiff_error *err)
{
    if (workspace->kind == SKIFF_WORKSPACE_COPY && bind_count == 0) {
        int fd = open(workspace->what.upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? skiff_fail(err, "open", workspace->what.upper), -1 : fd;
    }
    opening o = {.workspace = workspace, .binds = binds, .bind_count = bind_count, .fd = -1};
    pthread_t thread;
    int errnum = pthread_create(&thread, NULL, open_view, &o);
    if (errnum != 0)
        return skiff_fail_with(err, errnum, "pthread_create", NULL), -1;
    pthread_join(thread, NULL);
    if (o.fd < 0)
        *err = o.err;
    return o.fd;
}

/* Field 22; the program's name stands in parentheses and may hold spaces and parentheses itself. */
static bool has_start_time(int process, unsigned long long wanted)
{
    char text[1024];
    cleanup_fd int file = openat(process, "stat", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (length < 0)
        return false;
    text[length] = '\0';
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    unsigned long long ticks;
    return at && sscanf(at, " %llu", &ticks) == 1 && ticks == wanted;
}

int skiff_open_process_root(pid_t pid, unsigned long long start_time, skiff_error *err)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    /* This descriptor means one process, also when its pid is another's later: then all below it is ESRCH. */
    cleanup_fd int process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (process < 0 || !has_start_time(process, start_time))
        return skiff_fail_with(err, ESRCH, "open", path), -1;
    int root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        skiff_fail_with(err, errno == ENOENT ? ESRCH : errno, "open", path);
    return root;
}
