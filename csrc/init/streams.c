#include "streams.h"

#include "../core/cleanup.h"
#include "../core/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PIPEFS_MAGIC 0x50495045 /* linux/magic.h */

bool skiff_close_stdio(skiff_error *err)
{
    skiff_error_text(err->step, sizeof err->step, "stdio");
    cleanup_fd int null = open("/dev/null", O_RDWR); /* what the command is given nothing for, it keeps */
    if (null < 0)
        return skiff_fail(err, "open", "/dev/null");
    for (int fd = 0; fd < 3; fd++)
        if (fd != null && dup2(null, fd) < 0)
            return skiff_fail(err, "dup2", NULL);
    /* Node's own are O_CLOEXEC, so they may be closed by now and /dev/null be one of them. */
    if (null < 3)
        skiff_steal_fd(&null);
    return true;
}

/* Another user than root could not reopen /dev/stdout otherwise. Only what has no name on the host is given away. */
static void give_to(int fd, uint32_t uid)
{
    struct statfs about;
    if (uid != 0 && fstatfs(fd, &about) == 0 && about.f_type == PIPEFS_MAGIC)
        fchown(fd, uid, (gid_t)-1);
}

/* libuv leaves pipes that it looked at non-blocking, and the flag belongs to the pipe, not to the process. */
static void make_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK))
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

bool skiff_take_terminal(int terminal, uint32_t uid, skiff_error *err)
{
    for (int fd = 0; fd < 3; fd++)
        if (dup2(terminal, fd) < 0)
            return skiff_fail(err, "dup2", NULL);
    if (terminal > 2)
        close(terminal);
    if (ioctl(0, TIOCSCTTY, 0) != 0)
        return skiff_fail(err, "ioctl TIOCSCTTY", NULL);
    return fchown(0, uid, (gid_t)-1) == 0 || skiff_fail(err, "fchown", "/dev/console");
}

bool skiff_take_streams(uint32_t type, const int *fds, int count, uint32_t uid, skiff_error *err)
{
    int next = 0;
    for (int fd = 0; fd < SKIFF_STDIO; fd++) {
        if (!(type & SKIFF_GO_STREAM(fd)))
            continue;
        if (next == count)
            return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
        int given = fds[next++];
        if (dup2(given, fd) < 0)
            return skiff_fail(err, "dup2", NULL);
        /* Not execve's to close: with --init this process stays, and would keep the caller's pipes open. */
        if (given > 2)
            close(given);
        make_blocking(fd);
        give_to(fd, uid);
    }
    return next == count || skiff_fail_with(err, EPROTO, "recvmsg", NULL);
}
