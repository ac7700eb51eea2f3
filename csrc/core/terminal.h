/* A terminal of a container: a pair made in its own devpts. */
#ifndef SKIFF_CORE_TERMINAL_H
#define SKIFF_CORE_TERMINAL_H

#include "error.h"

#include <stdint.h>

/* Open a pair of /dev/pts of the size given. No name but ptmx is looked up: the container may have changed them. */
bool skiff_open_terminal(uint32_t rows, uint32_t columns, int *master, int *slave, skiff_error *err);

/* Put a terminal's slave at /dev/console too, as Docker does. */
bool skiff_mount_console(int master, skiff_error *err);

#endif
