/* Descriptors 0, 1 and 2 of the init and of the command. */
#ifndef SKIFF_INIT_STREAMS_H
#define SKIFF_INIT_STREAMS_H

#include "../core/error.h"

#include <stdint.h>

/* The caller's standard streams must not be held open by a parked init: /dev/null takes their place. */
bool skiff_close_stdio(skiff_error *err);

/* The terminal becomes 0, 1 and 2, and the session's own. */
bool skiff_take_terminal(int terminal, uint32_t uid, skiff_error *err);

/* What came with GO becomes what its type says, of 0, 1 and 2; the others stay /dev/null. */
bool skiff_take_streams(uint32_t type, const int *fds, int count, uint32_t uid, skiff_error *err);

#endif
