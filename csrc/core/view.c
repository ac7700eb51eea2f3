#include "view.h"
#include "cleanup.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

typedef struct opening {
    const skiff_workspace *workspace;
    int fd;
    skiff_error err;
} opening;

/* On a thread of its own: the namespace is that thread's, and ends with it. */
static void *open_view(void *context)
{
    opening *o = context;
    const skiff_union *what = &o->workspace->what;
    if (unshare(CLONE_NEWNS) != 0)
        return skiff_fail(&o->err, "unshare", NULL), NULL;
    /* Else the mount would appear where ours came from, and stay. */
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return skiff_fail(&o->err, "mount", "/"), NULL;
    bool mounted = o->workspace->kind == SKIFF_WORKSPACE_AUFS ? skiff_mount_aufs(what, &o->err)
                                                              : skiff_mount_overlay(what, &o->err);
    if (!mounted)
        return NULL;
    o->fd = open(what->target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (o->fd < 0)
        skiff_fail(&o->err, "open", what->target);
    return NULL;
}

int skiff_open_view(const skiff_workspace *workspace, skiff_error *err)
{
    if (workspace->kind == SKIFF_WORKSPACE_COPY) {
        int fd = open(workspace->what.upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? skiff_fail(err, "open", workspace->what.upper), -1 : fd;
    }
    opening o = {.workspace = workspace, .fd = -1};
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
