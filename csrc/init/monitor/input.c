#include "input.h"

#include "../../core/cleanup.h"

#include <errno.h>

static int *input_of(skiff_life *life)
{
    return life->terminal >= 0 ? &life->terminal : &life->input;
}

static void end_input(skiff_input *input, skiff_life *life)
{
    free(input->unwritten);
    input->unwritten = NULL;
    if (!input->ends)
        return;
    input->ends = false;
    skiff_close_fd(&life->input);
    life->input = -1;
}

void skiff_write_input(skiff_input *input, skiff_life *life)
{
    int *to = input_of(life);
    while (*to >= 0 && input->unwritten_at < input->unwritten_length) {
        ssize_t written =
            skiff_retry(write(*to, input->unwritten + input->unwritten_at, input->unwritten_length - input->unwritten_at));
        if (written < 0 && errno == EAGAIN)
            return;
        if (written < 0)
            break; /* the command has closed it: what comes is for nobody */
        input->unwritten_at += (size_t)written;
    }
    end_input(input, life);
}

void skiff_take_input(skiff_input *input, skiff_life *life, char **body, size_t length)
{
    *input = (skiff_input){.unwritten = *body, .unwritten_length = length, .ends = length == 0 && life->terminal < 0};
    *body = NULL;
    skiff_write_input(input, life);
}

void skiff_drop_input(skiff_input *input)
{
    free(input->unwritten);
    *input = (skiff_input){0};
}
