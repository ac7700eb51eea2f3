/* What the caller and an init, or what joins a container, say to each other: plan, READY; then GO. Every function may block
 * and belongs on a thread of the pool. */
#ifndef SKIFF_CORE_ANSWERS_H
#define SKIFF_CORE_ANSWERS_H

#include "error.h"
#include "protocol.h"

#include <stddef.h>
#include <stdint.h>

/* The answer of an init, or of what joins a container, in time; `*fd` is the descriptor that it carries, else unchanged. */
bool skiff_await_answer(int pipe, skiff_header *header, int *fd, skiff_error *err);

/* Read the body of an ERROR into `err`: always false. */
bool skiff_take_error(int pipe, const skiff_header *header, skiff_error *err);

/* Read the body of a READY. */
bool skiff_take_ready(int pipe, const skiff_header *header, uint64_t *ready_ns, skiff_error *err);

/* Wait until the init has set up; `*terminal` is the master where its plan asked for one, else unchanged; `*ready_ns`
 * tells since when. */
bool skiff_await_ready(int pipe, int *terminal, uint64_t *ready_ns, skiff_error *err);

/* Send GO with the process records and, where there is no terminal, three descriptors, -1 for /dev/null. `flags`:
 * SKIFF_GO_FEW_IGNORED or 0. May be sent before READY. The failure to send is told by skiff_await_command, which knows what
 * the init said before it ended. */
bool skiff_send_go(int pipe, uint32_t flags, const void *process, size_t length, const int *stdio, int count,
                   skiff_error *err);

/* Wait until the command runs. A READY that nobody waited for is taken, too; `*ready_ns` is unchanged without one. On
 * failure the init has ended or is about to. */
bool skiff_await_command(int pipe, uint64_t *ready_ns, skiff_error *err);

#endif
