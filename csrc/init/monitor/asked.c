#include "asked.h"

#include "../../core/pidfd.h"
#include "holding.h"

#include <string.h>
#include <sys/ioctl.h>

static bool numbers(const char *body, size_t length, uint32_t *values, size_t count)
{
    if (length != count * sizeof *values)
        return false;
    memcpy(values, body, length);
    return true;
}

static void answer(skiff_client *client, bool done)
{
    skiff_tell_number(client, SKIFF_DONE, done ? 0 : (uint32_t)errno);
}

static bool send_signal(skiff_watching *w, uint32_t number, uint32_t stop)
{
    skiff_life *life = &w->life;
    life->stop_asked |= stop != 0;
    if (life->pidfd >= 0)
        return skiff_pidfd_signal(life->pidfd, (int)number);
    if (life->restart_at > 0 && stop) {
        w->over = true;
        return true;
    }
    errno = ESRCH;
    return false;
}

static void resize(skiff_watching *w, uint32_t rows, uint32_t columns)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    if (w->life.terminal >= 0)
        ioctl(w->life.terminal, TIOCSWINSZ, &size);
}

/* The body stays: the record points into it. What was there before belongs to the first message, or is lost with a few
 * bytes for each amendment. */
static bool amend(skiff_watching *w, char **body, size_t length)
{
    skiff_error err = {0};
    if (!skiff_read_amendment(&w->life.request, *body, length, &err)) {
        errno = err.errnum;
        return false;
    }
    *body = NULL;
    skiff_note(&w->life, w->life.state.status);
    return true;
}

void skiff_do_as_asked(void *context, skiff_client *client, uint32_t type, char **body, size_t length)
{
    skiff_watching *w = context;
    uint32_t values[2];
    if (type == SKIFF_INPUT && client->attached & SKIFF_ATTACH_INPUT)
        skiff_take_input(&w->input, &w->life, body, length);
    else if (type == SKIFF_ATTACH && numbers(*body, length, values, 1))
        client->attached = values[0];
    else if (type == SKIFF_RESIZE && numbers(*body, length, values, 2))
        resize(w, values[0], values[1]);
    else if (type == SKIFF_SIGNAL && numbers(*body, length, values, 2))
        answer(client, send_signal(w, values[0], values[1]));
    else if (type == SKIFF_PAUSED && numbers(*body, length, values, 1))
        answer(client, skiff_note_paused(&w->life, values[0] != 0));
    else if (type == SKIFF_HOLD && numbers(*body, length, values, 1))
        answer(client, skiff_take_hold(&w->life, &w->clients, client, values[0] != 0));
    else if (type == SKIFF_AMEND)
        answer(client, amend(w, body, length));
    else
        client->gone = true;
}
