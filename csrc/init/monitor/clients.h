/* Who is connected to a monitor: the one that started it, and those of its socket. The messages are protocol.h's. */
#ifndef SKIFF_MONITOR_CLIENTS_H
#define SKIFF_MONITOR_CLIENTS_H

#include "../../core/error.h"
#include "../../core/protocol.h"

#include <poll.h>
#include <stdint.h>

enum skiff_attach_flag {
    SKIFF_ATTACH_OUTPUT = 1,
    SKIFF_ATTACH_INPUT = 2,
};

typedef struct skiff_client {
    int fd;
    uint32_t attached; /* SKIFF_ATTACH_ flags */
    bool holds;        /* what it froze is to be thawed when it is gone */
    /* What has come of a message. */
    skiff_header header;
    size_t header_got;
    char *body;
    size_t body_got;
    /* What it has not taken yet, and since when (ms of CLOCK_MONOTONIC). */
    char *unsent;
    size_t unsent_length;
    uint64_t stalled_since;
    bool gone; /* to be dropped */
} skiff_client;

typedef struct skiff_clients {
    skiff_client *list;
    size_t count;
} skiff_clients;

/* A whole message; the body is the callee's to keep (and then to set to NULL) or to leave. */
typedef void skiff_serve(void *context, skiff_client *client, uint32_t type, char **body, size_t length);

/* Take a connection over, as the last of the list; false where there is no room: it is closed then. */
bool skiff_add_client(skiff_clients *clients, int fd);
/* Read what is there of a client's messages, and serve each that is whole. */
void skiff_read_client(skiff_client *client, skiff_serve *serve, void *context);
/* Send a message, or as much as the client takes: the rest waits. */
void skiff_tell_client(skiff_client *client, uint32_t type, const void *first, size_t first_length, const void *second,
                       size_t second_length);
/* The same with one number as its body. */
void skiff_tell_number(skiff_client *client, uint32_t type, uint32_t value);
/* Go on with what waits. */
void skiff_send_unsent(skiff_client *client);
/* What the command wrote, to all that are attached. */
void skiff_tell_output(skiff_clients *clients, uint32_t stream, const char *bytes, size_t length);
/* Whether somebody has yet to take output. Those that took nothing for too long are given up. */
bool skiff_clients_behind(skiff_clients *clients);
/* Close the connections of those that are gone. True where one of them held the container. */
bool skiff_drop_clients(skiff_clients *clients);

#endif
