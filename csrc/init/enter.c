#include "enter.h"

#include "../core/become.h"
#include "../core/cleanup.h"
#include "../core/error.h"
#include "../core/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { FAILED = 125 };

/* There is no runtime behind it yet that could be told in another way. */
static int complain(const skiff_error *err)
{
    dprintf(STDERR_FILENO, "skiff: cannot enter the user namespace: %s%s%s: %s\n", err->syscall, *err->path ? " " : "",
            err->path, strerror(err->errnum));
    return FAILED;
}

/* Root of the namespace, with nothing of the caller's groups; where setgroups(2) is denied they stay, user_namespaces(7). */
static bool become_root(skiff_error *err)
{
    if (setgroups(0, NULL) != 0 && errno != EPERM)
        return skiff_fail(err, "setgroups", NULL);
    if (setresgid(0, 0, 0) != 0)
        return skiff_fail(err, "setresgid", NULL);
    return setresuid(0, 0, 0) == 0 || skiff_fail(err, "setresuid", NULL);
}

static bool exchange(const char *told, char *heard, skiff_error *err)
{
    if (write(SKIFF_PIPE_FD, told, 1) != 1)
        return skiff_fail(err, "write", NULL);
    if (heard && read(SKIFF_PIPE_FD, heard, 1) != 1)
        return skiff_fail_with(err, EPIPE, "read", NULL);
    return true;
}

static bool make_namespaces(skiff_error *err)
{
    char mapped;
    if (unshare(CLONE_NEWUSER) != 0)
        return skiff_fail(err, "unshare", "user namespace");
    if (!exchange("u", &mapped, err) || !become_root(err))
        return false;
    if (unshare(CLONE_NEWNS) != 0)
        return skiff_fail(err, "unshare", "mount namespace");
    /* What the host mounts later is seen here; what is mounted here stays here. */
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0)
        return skiff_fail(err, "mount", "/");
    return exchange("m", NULL, err);
}

int skiff_hold(void)
{
    skiff_error err = {0};
    setsid();
    if (!make_namespaces(&err))
        return complain(&err);
    /* No directory is kept busy, no terminal or pipe open. */
    if (chdir("/") != 0 || syscall(SYS_close_range, 0, ~0u, 0) != 0)
        return FAILED;
    /* Signals end it, as at a log-out; the containers that run hold the namespaces themselves. */
    skiff_reset_signals(false);
    for (;;)
        pause();
}

static int open_namespace(const char *pid, const char *name, skiff_error *err)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/ns/%s", pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        skiff_fail(err, "open", path);
    return fd;
}

static bool join(const char *pid, const char *inode, skiff_error *err)
{
    cleanup_fd int user = open_namespace(pid, "user", err);
    cleanup_fd int mounts = user < 0 ? -1 : open_namespace(pid, "mnt", err);
    if (user < 0 || mounts < 0)
        return false;
    struct stat about;
    if (fstat(user, &about) != 0)
        return skiff_fail(err, "fstat", NULL);
    if (about.st_ino != strtoull(inode, NULL, 10)) /* the pid is another process's by now */
        return skiff_fail_with(err, ESRCH, "setns", "user namespace");
    if (setns(user, CLONE_NEWUSER) != 0)
        return skiff_fail(err, "setns", "user namespace");
    return setns(mounts, CLONE_NEWNS) == 0 || skiff_fail(err, "setns", "mount namespace");
}

int skiff_enter_namespaces(const char *pid, const char *inode)
{
    skiff_error err = {0};
    char directory[PATH_MAX];
    bool has_directory = getcwd(directory, sizeof directory) != NULL;
    if (!join(pid, inode, &err) || !become_root(&err))
        return complain(&err);
    /* setns(2) has led to the root of the mount namespace. */
    if (has_directory && chdir(directory) != 0) {
        skiff_fail(&err, "chdir", directory);
        return complain(&err);
    }
    return 0;
}

int skiff_enter(char **argv)
{
    skiff_error err = {0};
    if (!argv[1] || !argv[2] || !argv[3])
        return FAILED;
    int failure = skiff_enter_namespaces(argv[1], argv[2]);
    if (failure != 0)
        return failure;
    execv(argv[3], argv + 3);
    skiff_fail(&err, "execve", argv[3]);
    return complain(&err);
}
