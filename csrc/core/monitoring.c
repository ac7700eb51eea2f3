#include "monitoring.h"

#include "cleanup.h"
#include "launch.h"
#include "pidfd.h"
#include "protocol.h"

#include <sys/socket.h>

static bool await_start(int pipe, pid_t *pid, skiff_error *err)
{
    skiff_header header;
    skiff_error told;
    uint32_t number;
    int none = 0;
    if (!skiff_receive_header(pipe, &header, NULL, 0, &none, err))
        return false;
    if (header.type == SKIFF_ERROR && header.length == sizeof told) {
        if (skiff_receive_exact(pipe, &told, sizeof told, err))
            *err = told;
        return false;
    }
    if (header.type != SKIFF_STARTED || header.length != sizeof number)
        return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    if (!skiff_receive_exact(pipe, &number, sizeof number, err))
        return false;
    *pid = (pid_t)number;
    return true;
}

bool skiff_start_monitor(int init, int lock, const char *directory, const void *request, size_t length, int *pipe,
                         pid_t *pid, skiff_error *err)
{
    skiff_launch_options options = {
        .init = init, .name = "skiff-monitor", .argument = directory, .network = -1, .mount_base = -1,
        .user_namespace = -1, .starter = -1};
    skiff_launched launched;
    siginfo_t info;
    if (!skiff_launch(&options, SOCK_STREAM, &launched, err))
        return false;
    cleanup_fd int pidfd = launched.pidfd;
    cleanup_fd int connection = launched.pipe;
    /* It forks, and its parent ends at once. */
    skiff_pidfd_wait(pidfd, 0, &info);
    skiff_error_text(err->step, sizeof err->step, "monitor");
    skiff_error unsent = {0};
    bool sent =
        skiff_send(connection, SKIFF_MONITOR, request, (uint32_t)length, (const int[]){init, lock}, 2, &unsent);
    if (!await_start(connection, pid, err))
        return false;
    if (!sent)
        return skiff_fail_with(err, unsent.errnum, unsent.syscall, NULL);
    *pipe = skiff_steal_fd(&connection);
    return true;
}
