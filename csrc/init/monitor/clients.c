#include "clients.h"

#include "../../core/cleanup.h"
#include "../../core/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define MAX_CLIENTS 1000
#define MAX_BODY (4u << 20) /* an amendment holds a record; input comes in small pieces */
#define PATIENCE_MS 10000   /* a client that takes no output for so long would stop the container */

bool skiff_add_client(skiff_clients *clients, int fd)
{
    skiff_client *grown =
        clients->count < MAX_CLIENTS ? realloc(clients->list, (clients->count + 1) * sizeof *grown) : NULL;
    if (!grown) {
        close(fd);
        return false;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    clients->list = grown;
    grown[clients->count++] = (skiff_client){.fd = fd};
    return true;
}

/* Bytes got, 0 where there is nothing more for now, or the client is gone. */
static size_t receive(skiff_client *client, void *to, size_t wanted)
{
    ssize_t got = skiff_retry(recv(client->fd, to, wanted, 0));
    if (got > 0)
        return (size_t)got;
    client->gone |= got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    return 0;
}

static bool receive_header(skiff_client *client)
{
    client->header_got +=
        receive(client, (char *)&client->header + client->header_got, sizeof client->header - client->header_got);
    if (client->header_got < sizeof client->header)
        return false;
    if (client->header.magic != SKIFF_MAGIC || client->header.length > MAX_BODY)
        client->gone = true;
    else if (!client->body && !(client->body = malloc(client->header.length + 1u)))
        client->gone = true;
    return !client->gone;
}

/* True with the next message, whole. */
static bool receive_message(skiff_client *client)
{
    if (client->header_got < sizeof client->header && !receive_header(client))
        return false;
    size_t missing = client->header.length - client->body_got;
    if (missing > 0)
        client->body_got += receive(client, client->body + client->body_got, missing);
    return client->body_got == client->header.length;
}

void skiff_read_client(skiff_client *client, skiff_serve *serve, void *context)
{
    if (!receive_message(client))
        return;
    char *body = client->body;
    client->body = NULL;
    client->header_got = client->body_got = 0;
    serve(context, client, client->header.type, &body, client->header.length);
    free(body);
}

static void keep_unsent(skiff_client *client, const char *bytes, size_t length)
{
    char *grown = length > 0 ? realloc(client->unsent, client->unsent_length + length) : NULL;
    if (length == 0)
        return;
    if (!grown) {
        client->gone = true;
        return;
    }
    if (client->unsent_length == 0)
        client->stalled_since = skiff_now_ms();
    memcpy(grown + client->unsent_length, bytes, length);
    client->unsent = grown;
    client->unsent_length += length;
}

static size_t send_parts(skiff_client *client, struct iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    ssize_t sent = skiff_retry(sendmsg(client->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT));
    if (sent >= 0)
        return (size_t)sent;
    client->gone |= errno != EAGAIN && errno != EWOULDBLOCK;
    return 0;
}

void skiff_tell_client(skiff_client *client, uint32_t type, const void *first, size_t first_length, const void *second,
                       size_t second_length)
{
    skiff_header header = {SKIFF_MAGIC, type, (uint32_t)(first_length + second_length)};
    struct iovec parts[] = {
        {&header, sizeof header}, {(void *)first, first_length}, {(void *)second, second_length}};
    size_t sent = client->unsent_length > 0 || client->gone ? 0 : send_parts(client, parts, 3);
    for (size_t i = 0; i < 3 && !client->gone; i++) {
        size_t done = sent < parts[i].iov_len ? sent : parts[i].iov_len;
        keep_unsent(client, (const char *)parts[i].iov_base + done, parts[i].iov_len - done);
        sent -= done;
    }
}

void skiff_tell_number(skiff_client *client, uint32_t type, uint32_t value)
{
    skiff_tell_client(client, type, &value, sizeof value, NULL, 0);
}

void skiff_send_unsent(skiff_client *client)
{
    struct iovec part = {client->unsent, client->unsent_length};
    size_t sent = send_parts(client, &part, 1);
    if (sent == 0)
        return;
    client->unsent_length -= sent;
    client->stalled_since = skiff_now_ms();
    memmove(client->unsent, client->unsent + sent, client->unsent_length);
    if (client->unsent_length == 0) {
        free(client->unsent);
        client->unsent = NULL;
    }
}

void skiff_tell_output(skiff_clients *clients, uint32_t stream, const char *bytes, size_t length)
{
    for (size_t i = 0; i < clients->count; i++)
        if (clients->list[i].attached & SKIFF_ATTACH_OUTPUT)
            skiff_tell_client(&clients->list[i], SKIFF_OUTPUT, &stream, sizeof stream, bytes, length);
}

bool skiff_clients_behind(skiff_clients *clients)
{
    bool behind = false;
    for (size_t i = 0; i < clients->count; i++) {
        skiff_client *client = &clients->list[i];
        if (client->unsent_length == 0)
            continue;
        if (skiff_now_ms() - client->stalled_since > PATIENCE_MS)
            client->gone = true;
        else
            behind = true;
    }
    return behind;
}

bool skiff_drop_clients(skiff_clients *clients)
{
    size_t kept = 0;
    bool held = false;
    for (size_t i = 0; i < clients->count; i++) {
        skiff_client *client = &clients->list[i];
        if (!client->gone) {
            clients->list[kept++] = *client;
            continue;
        }
        held |= client->holds;
        close(client->fd);
        free(client->body);
        free(client->unsent);
    }
    clients->count = kept;
    return held;
}
