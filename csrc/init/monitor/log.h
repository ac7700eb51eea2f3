/*
 * A container's log, in the format of the container runtime interface (Kubernetes, "kubelet/cri/streaming" and
 * pkg/kubelet/kuberuntime/logs): `2026-11-25T02:46:11.123456789Z stdout F text`. `P` in place of `F` where the line goes
 * on in the next entry of its stream.
 */
#ifndef SKIFF_MONITOR_LOG_H
#define SKIFF_MONITOR_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKIFF_LOG_ROOM (64u << 10) /* bytes collected for one write(2) */

typedef struct skiff_log {
    int directory;  /* descriptor of the container's directory, borrowed */
    int file;       /* -1: nothing is logged */
    uint64_t size;  /* bytes of the file */
    uint64_t limit; /* bytes of one file; 0: none */
    uint32_t files; /* that are kept */
    uint64_t lines_lost;
    int error; /* errno of the loss */
    size_t used;
    size_t lines; /* entries in the buffer */
    char buffer[SKIFF_LOG_ROOM];
} skiff_log;

/* Opens the log that is there, or a new one; where it cannot, `error` tells and lines are lost. */
void skiff_log_open(skiff_log *log, int directory, uint64_t limit, uint32_t files);

/* Log what the command wrote; `stream` is 1 or 2. It is in the file when this returns, or lost. */
void skiff_log_write(skiff_log *log, int stream, const char *bytes, size_t length);

#endif
