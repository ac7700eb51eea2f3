#include "farewell.h"

#include "../../core/cleanup.h"
#include "../../core/marks.h"

#include <errno.h>
#include <sys/socket.h>

#define FAREWELL_MS 10000

/* Drop what a client still sends; at its end it is gone. */
static void read_nothing(skiff_client *client)
{
    char bytes[4096];
    ssize_t got = skiff_retry(recv(client->fd, bytes, sizeof bytes, 0));
    client->gone |= got == 0 || (got < 0 && errno != EAGAIN);
}

static bool poll_clients(skiff_clients *clients, struct pollfd *list, int wait)
{
    for (size_t i = 0; i < clients->count; i++)
        list[i] = (struct pollfd){clients->list[i].fd,
                                  (short)(POLLIN | (clients->list[i].unsent_length > 0 ? POLLOUT : 0)), 0};
    if (skiff_retry(poll(list, clients->count, wait)) <= 0)
        return false;
    for (size_t i = 0; i < clients->count; i++) {
        if (list[i].revents & POLLOUT)
            skiff_send_unsent(&clients->list[i]);
        if (list[i].revents & (POLLIN | POLLHUP | POLLERR))
            read_nothing(&clients->list[i]);
    }
    return true;
}

void skiff_say_farewell(skiff_clients *clients, int exit_code)
{
    uint64_t now = skiff_now_ms(), end = now + FAREWELL_MS;
    for (size_t i = 0; i < clients->count; i++)
        skiff_tell_number(&clients->list[i], SKIFF_ENDED, (uint32_t)exit_code);
    skiff_drop_clients(clients);
    cleanup_free struct pollfd *list = calloc(clients->count + 1, sizeof *list);
    while (list && clients->count > 0 && now < end && poll_clients(clients, list, (int)(end - now))) {
        skiff_drop_clients(clients);
        now = skiff_now_ms();
    }
}
