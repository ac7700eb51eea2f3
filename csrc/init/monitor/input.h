/* What clients send to a command's standard input: kept until the command takes it. */
#ifndef SKIFF_MONITOR_INPUT_H
#define SKIFF_MONITOR_INPUT_H

#include "life.h"

typedef struct skiff_input {
    char *unwritten; /* NULL: the command has taken all */
    size_t unwritten_length, unwritten_at;
    bool ends; /* after that */
} skiff_input;

/* One message; an empty one is the end, of a pipe alone. The body is the input's to keep: `*body` is NULL afterwards. */
void skiff_take_input(skiff_input *input, skiff_life *life, char **body, size_t length);
/* As much as the command takes now. */
void skiff_write_input(skiff_input *input, skiff_life *life);
/* The command has ended: what was meant for it is for nobody. */
void skiff_drop_input(skiff_input *input);

#endif
