/* An init's life up to its command: set up, park, become it. Its end of the pipe is SKIFF_PIPE_FD. */
#ifndef SKIFF_INIT_INIT_H
#define SKIFF_INIT_INIT_H

#include "../core/error.h"

#include <stdint.h>

/* Let go of what belongs to whoever has made this process. */
bool skiff_begin_init(skiff_error *err);

/* Records of the sources of bind mounts, which the caller sends before all else; they live as long as this init's memory. */
bool skiff_receive_binds(const void **records, uint32_t *length, skiff_error *err);

/* As a container's first process. Returns the exit code, where it does not become the command. */
int skiff_run_init(void);

/* What the last one in this memory has read, such as its environment. */
void skiff_forget_init(void);

/* The same as a further process of a container that runs. */
int skiff_run_exec(void);

/* Tell the caller what failed; returns the exit code. */
int skiff_give_up(const skiff_error *err);

#endif
