/* The caller's side of a detached container's monitor (csrc/init/monitor). Every function may block and belongs on a
 * thread of the pool. */
#ifndef SKIFF_CORE_MONITORING_H
#define SKIFF_CORE_MONITORING_H

#include "error.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * Start a monitor and the container that it watches over; returns when the command runs. It is nobody's child.
 *
 * `init` is the descriptor of the static init, `directory` what its command line shows, `request` the records of MONITOR. `lock` is the container's: with a copy of it the monitor has it until the
 * command runs, whatever becomes of the caller. `*pipe` is a connection to it. On failure nothing runs, and `err` is
 * what kept it from running.
 */
bool skiff_start_monitor(int init, int lock, const char *directory, const void *request, size_t length, int *pipe,
                         pid_t *pid, skiff_error *err);

#endif
