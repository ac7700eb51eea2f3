/* Descriptors 0, 1 and 2 of the init and of the command. */
#ifndef SKIFF_INIT_STREAMS_H
#define SKIFF_INIT_STREAMS_H

#include "../core/error.h"

#include <stdint.h>

/* The caller's standard streams must not be held open by a parked init: /dev/null takes their place. */
bool skiff_close_stdio(skiff_error *err);

/* The three descriptors that came with GO, or the terminal where there is one, become 0, 1 and 2. */
bool skiff_take_stdio(const int *fds, int count, int terminal, uint32_t uid, skiff_error *err);

#endif
