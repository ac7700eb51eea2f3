#include "protocol.h"

#include "cleanup.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

typedef union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * SKIFF_CARRIED)];
} control_buffer;

bool skiff_open_pipe(int type, int *ours, int *theirs, skiff_error *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0)
        return skiff_fail(err, "socketpair", NULL);
    *ours = ends[0];
    *theirs = ends[1];
    return true;
}

static bool send_rest(int pipe, const char *bytes, size_t length, skiff_error *err)
{
    while (length > 0) {
        ssize_t sent = skiff_retry(send(pipe, bytes, length, MSG_NOSIGNAL));
        if (sent < 0)
            return skiff_fail(err, "send", NULL);
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

bool skiff_send(int pipe, uint32_t type, const void *body, uint32_t length, const int *fds, int count,
                skiff_error *err)
{
    skiff_header header = {SKIFF_MAGIC, type, length};
    struct iovec parts[2] = {{&header, sizeof header}, {(void *)body, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = length > 0 ? 2 : 1};
    control_buffer control;

    if (count > 0) {
        size_t room = CMSG_SPACE(sizeof(int) * (size_t)count);
        memset(&control, 0, room);
        message.msg_control = control.bytes;
        message.msg_controllen = room;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
        memcpy(CMSG_DATA(rights), fds, sizeof(int) * (size_t)count);
    }
    ssize_t sent = skiff_retry(sendmsg(pipe, &message, MSG_NOSIGNAL));
    if (sent < 0)
        return skiff_fail(err, "sendmsg", NULL);
    if ((size_t)sent < sizeof header)
        return skiff_fail_with(err, EPROTO, "sendmsg", NULL);
    size_t done = (size_t)sent - sizeof header;
    return send_rest(pipe, (const char *)body + done, length - done, err);
}

static void take_descriptors(struct msghdr *message, int *fds, int capacity, int *count)
{
    *count = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        int received = (int)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < received; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + sizeof(int) * (size_t)i, sizeof fd);
            if (*count < capacity)
                fds[(*count)++] = fd;
            else
                close(fd);
        }
    }
}

bool skiff_receive_header(int pipe, skiff_header *header, int *fds, int capacity, int *count, skiff_error *err)
{
    control_buffer control;
    struct iovec part = {header, sizeof *header};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};

    ssize_t got = skiff_retry(recvmsg(pipe, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL));
    if (got < 0)
        return skiff_fail(err, "recvmsg", NULL);
    take_descriptors(&message, fds, capacity, count);
    if (got == 0)
        return skiff_fail_with(err, EPIPE, "recvmsg", NULL);
    if ((size_t)got != sizeof *header || header->magic != SKIFF_MAGIC || header->length > SKIFF_MAX_BODY)
        return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    return true;
}

bool skiff_receive_packet(int pipe, uint32_t type, void *body, size_t length, int *fds, int capacity, int *count,
                          skiff_error *err)
{
    skiff_header header;
    control_buffer control;
    struct iovec parts[2] = {{&header, sizeof header}, {body, length}};
    struct msghdr message = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};

    ssize_t got = skiff_retry(recvmsg(pipe, &message, MSG_CMSG_CLOEXEC));
    if (got < 0)
        return skiff_fail(err, "recvmsg", NULL);
    take_descriptors(&message, fds, capacity, count);
    if (got == 0)
        return skiff_fail_with(err, EPIPE, "recvmsg", NULL);
    return ((size_t)got == sizeof header + length && header.magic == SKIFF_MAGIC && header.type == type &&
            header.length == length) ||
           skiff_fail_with(err, EPROTO, "recvmsg", NULL);
}

bool skiff_receive_exact(int pipe, void *buffer, size_t length, skiff_error *err)
{
    char *at = buffer;
    while (length > 0) {
        ssize_t got = skiff_retry(recv(pipe, at, length, MSG_WAITALL));
        if (got < 0)
            return skiff_fail(err, "recv", NULL);
        if (got == 0)
            return skiff_fail_with(err, EPIPE, "recv", NULL);
        at += got;
        length -= (size_t)got;
    }
    return true;
}

bool skiff_await(int pipe, int timeout_ms, skiff_error *err)
{
    struct pollfd waiting = {.fd = pipe, .events = POLLIN};
    int ready = (int)skiff_retry(poll(&waiting, 1, timeout_ms));
    if (ready < 0)
        return skiff_fail(err, "poll", NULL);
    return ready > 0 || skiff_fail_with(err, ETIMEDOUT, "poll", NULL);
}
