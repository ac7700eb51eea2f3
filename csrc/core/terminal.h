/* The container's terminal: a pair made in its own devpts. */
#ifndef SKIFF_CORE_TERMINAL_H
#define SKIFF_CORE_TERMINAL_H

#include "error.h"

#include <stdint.h>

/* Open a pair of /dev/pts of the size given, and put its slave at /dev/console too, as Docker does. */
bool skiff_open_terminal(uint32_t rows, uint32_t columns, int *master, int *slave, skiff_error *err);

#endif
