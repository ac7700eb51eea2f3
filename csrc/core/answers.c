#include "answers.h"

#include <errno.h>

#define READY_TIMEOUT_MS 60000 /* a parked init answers within milliseconds; a machine out of memory may take longer */

/* What the init has to say about its own end, in place of the EPIPE that its end causes here. */
bool skiff_take_error(int pipe, const skiff_header *header, skiff_error *err)
{
    skiff_error told;
    if (header->length != sizeof told)
        return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    if (!skiff_receive_exact(pipe, &told, sizeof told, err))
        return false;
    *err = told;
    return false;
}

bool skiff_take_ready(int pipe, const skiff_header *header, uint64_t *ready_ns, skiff_error *err)
{
    return header->length == sizeof *ready_ns ? skiff_receive_exact(pipe, ready_ns, sizeof *ready_ns, err)
                                              : skiff_fail_with(err, EPROTO, "recvmsg", NULL);
}

bool skiff_await_answer(int pipe, skiff_header *header, int *fd, skiff_error *err)
{
    int count = 0;
    return skiff_await(pipe, READY_TIMEOUT_MS, err) && skiff_receive_header(pipe, header, fd, 1, &count, err);
}

bool skiff_await_ready(int pipe, int *terminal, uint64_t *ready_ns, skiff_error *err)
{
    skiff_header header;
    if (!skiff_await_answer(pipe, &header, terminal, err))
        return false;
    if (header.type == SKIFF_ERROR)
        return skiff_take_error(pipe, &header, err);
    return header.type == SKIFF_READY ? skiff_take_ready(pipe, &header, ready_ns, err)
                                      : skiff_fail_with(err, EPROTO, "recvmsg", NULL);
}

bool skiff_send_go(int pipe, uint32_t flags, const void *process, size_t length, const int *stdio, int count,
                   skiff_error *err)
{
    uint32_t type = SKIFF_GO | flags;
    int carried[SKIFF_STDIO], carried_count = 0;
    for (int i = 0; i < count && i < SKIFF_STDIO; i++) {
        if (stdio[i] < 0)
            continue;
        type |= SKIFF_GO_STREAM(i);
        carried[carried_count++] = stdio[i];
    }
    return skiff_send(pipe, type, process, (uint32_t)length, carried, carried_count, err);
}

bool skiff_await_command(int pipe, uint64_t *ready_ns, skiff_error *err)
{
    skiff_header header;
    int none = 0;
    while (skiff_receive_header(pipe, &header, NULL, 0, &none, err)) {
        if (header.type == SKIFF_ERROR)
            return skiff_take_error(pipe, &header, err);
        if (header.type != SKIFF_READY)
            return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
        if (!skiff_take_ready(pipe, &header, ready_ns, err))
            return false;
    }
    return err->errnum == EPIPE; /* closed by execve: the command runs */
}
