#include "../../init/monitor/clients.h"
#include "../check.h"
#include "fakes.h"
#include "tests.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What was served: how many messages, and the last of them. */
typedef struct {
    unsigned count;
    uint32_t type;
    size_t length;
    char body[70000];
    bool keep;
    char *kept;
} served;

static void take(void *context, skiff_client *client, uint32_t type, char **body, size_t length)
{
    served *all = context;
    all->count++;
    all->type = type;
    all->length = length;
    memcpy(all->body, *body, length);
    if (!all->keep)
        return;
    all->kept = *body;
    *body = NULL;
}

/* A client, and the other end of its connection. */
static int connect_to(skiff_clients *clients)
{
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    skiff_add_client(clients, ends[0]);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    return ends[1];
}

static void drop_all(skiff_clients *clients)
{
    for (size_t i = 0; i < clients->count; i++)
        clients->list[i].gone = true;
    skiff_drop_clients(clients);
    CHECK(clients->count == 0);
    free(clients->list);
    *clients = (skiff_clients){0};
}

static size_t frame(char *to, uint32_t type, const char *body, uint32_t length)
{
    skiff_header header = {SKIFF_MAGIC, type, length};
    memcpy(to, &header, sizeof header);
    if (length > 0)
        memcpy(to + sizeof header, body, length);
    return sizeof header + length;
}

/* Read what is there, at most so many messages. */
static void read_some(skiff_client *client, served *all, unsigned turns)
{
    while (turns-- > 0 && !client->gone)
        skiff_read_client(client, take, all);
}

static void test_torn(unsigned rounds)
{
    static char bytes[80000], body[60000];
    static served all;
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)rand();
    for (unsigned round = 0; round < rounds; round++) {
        skiff_clients clients = {0};
        int end = connect_to(&clients);
        memset(&all, 0, sizeof all);
        size_t lengths[] = {0, (size_t)rand() % 5, (size_t)rand() % 20000, 4}, length = 0;
        for (unsigned i = 0; i < 4; i++)
            length += frame(bytes + length, SKIFF_INPUT + i, body, (uint32_t)lengths[i]);
        for (size_t at = 0; at < length;) {
            size_t piece = 1 + (size_t)rand() % (rand() % 3 ? 7 : 9000);
            ssize_t written = send(end, bytes + at, piece < length - at ? piece : length - at, 0);
            at += written > 0 ? (size_t)written : 0;
            read_some(&clients.list[0], &all, 1 + (unsigned)rand() % 3);
        }
        read_some(&clients.list[0], &all, 20);
        CHECK(all.count == 4 && all.type == SKIFF_INPUT + 3 && all.length == 4 && memcmp(all.body, body, 4) == 0);
        CHECK(!clients.list[0].gone);
        /* Ends in the middle of the next one. */
        CHECK(send(end, bytes, 5, 0) == 5);
        close(end);
        read_some(&clients.list[0], &all, 5);
        CHECK(clients.list[0].gone && all.count == 4);
        drop_all(&clients);
    }
}

static void test_nonsense(unsigned rounds)
{
    static served all;
    char bytes[64];
    for (unsigned round = 0; round < rounds; round++) {
        skiff_clients clients = {0};
        int end = connect_to(&clients);
        size_t length = frame(bytes, (uint32_t)rand() % 30, "0123456789", 10);
        for (int change = rand() % 4; change >= 0; change--)
            bytes[(size_t)rand() % length] = (char)rand();
        CHECK(send(end, bytes, length, 0) == (ssize_t)length);
        close(end);
        memset(&all, 0, sizeof all);
        read_some(&clients.list[0], &all, 10);
        CHECK(clients.list[0].gone);
        drop_all(&clients);
    }
}

static void test_refused(void)
{
    static served all;
    const skiff_header bad[] = {{SKIFF_MAGIC + 1, SKIFF_INPUT, 4}, {SKIFF_MAGIC, SKIFF_INPUT, (4u << 20) + 1}};
    for (int i = 0; i < 2; i++) {
        skiff_clients clients = {0};
        int end = connect_to(&clients);
        CHECK(send(end, &bad[i], sizeof bad[i], 0) == sizeof bad[i]);
        read_some(&clients.list[0], &all, 3);
        CHECK(clients.list[0].gone && !clients.list[0].body);
        close(end);
        drop_all(&clients);
    }
}

static void test_kept(void)
{
    static served all = {.keep = true};
    char bytes[64];
    skiff_clients clients = {0};
    int end = connect_to(&clients);
    size_t length = frame(bytes, SKIFF_AMEND, "kept", 5);
    CHECK(send(end, bytes, length, 0) == (ssize_t)length);
    read_some(&clients.list[0], &all, 3);
    CHECK(all.kept && strcmp(all.kept, "kept") == 0);
    free(all.kept);
    close(end);
    drop_all(&clients);
}

/* Take all that is there, and check that it is whole messages of one number each, counting on from `next`. */
static uint32_t take_numbers(int end, skiff_client *client, uint32_t next)
{
    static char bytes[1 << 16];
    size_t have = 0;
    for (;;) {
        ssize_t got = recv(end, bytes + have, sizeof bytes - have, 0);
        if (got <= 0 && client->unsent_length == 0)
            break;
        if (got > 0)
            have += (size_t)got;
        size_t at = 0;
        const size_t whole = sizeof(skiff_header) + 2 * sizeof(uint32_t);
        for (; have - at >= whole; at += whole, next++) {
            skiff_header header;
            uint32_t values[2];
            memcpy(&header, bytes + at, sizeof header);
            memcpy(values, bytes + at + sizeof header, sizeof values);
            CHECK(header.magic == SKIFF_MAGIC && header.type == SKIFF_OUTPUT && header.length == 8);
            CHECK(values[0] == 2 && values[1] == next);
            if (values[1] != next)
                return next;
        }
        memmove(bytes, bytes + at, have - at);
        have -= at;
        skiff_send_unsent(client);
    }
    CHECK(have == 0);
    return next;
}

static void test_slow(void)
{
    skiff_clients clients = {0};
    fake_now = 1000; /* or a busy machine takes longer here than a client may */
    int quick = connect_to(&clients), slow = connect_to(&clients), idle = connect_to(&clients);
    clients.list[0].attached = clients.list[1].attached = SKIFF_ATTACH_OUTPUT;
    uint32_t sent = 0, taken = 0;
    for (; clients.list[1].unsent_length < 100000; sent++) {
        skiff_tell_output(&clients, 2, (const char *)&sent, sizeof sent);
        if (sent % 500 == 499)
            taken = take_numbers(quick, &clients.list[0], taken);
    }
    CHECK(take_numbers(quick, &clients.list[0], taken) == sent);
    CHECK(skiff_clients_behind(&clients) && clients.list[2].unsent_length == 0);
    char none;
    CHECK(recv(idle, &none, 1, 0) == -1); /* one that is not attached gets nothing */
    /* It takes something just in time, and all in the end: nothing was lost or doubled. */
    fake_later = 9;
    CHECK(skiff_clients_behind(&clients));
    CHECK(take_numbers(slow, &clients.list[1], 0) == sent);
    CHECK(!skiff_clients_behind(&clients) && !clients.list[1].gone && !clients.list[1].unsent);
    fake_later = fake_now = 0;
    close(quick);
    close(slow);
    close(idle);
    drop_all(&clients);
}

static void test_stalled(void)
{
    skiff_clients clients = {0};
    int stalled = connect_to(&clients), other = connect_to(&clients);
    clients.list[0].attached = SKIFF_ATTACH_OUTPUT;
    for (uint32_t i = 0; clients.list[0].unsent_length == 0; i++)
        skiff_tell_output(&clients, 1, (const char *)&i, sizeof i);
    CHECK(skiff_clients_behind(&clients));
    fake_later = 11;
    CHECK(!skiff_clients_behind(&clients) && clients.list[0].gone && !clients.list[1].gone);
    fake_later = 0;
    int fd = clients.list[1].fd;
    skiff_drop_clients(&clients);
    CHECK(clients.count == 1 && clients.list[0].fd == fd);
    skiff_tell_number(&clients.list[0], SKIFF_ENDED, 7);
    close(other);
    skiff_tell_number(&clients.list[0], SKIFF_ENDED, 7);
    CHECK(clients.list[0].gone);
    close(stalled);
    drop_all(&clients);
}

static void test_too_many(void)
{
    skiff_clients clients = {0};
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC), one = -1;
    for (int i = 0; i <= 1000 && (one = fcntl(null, F_DUPFD_CLOEXEC, 0)) >= 0; i++)
        skiff_add_client(&clients, one);
    /* Where this process may not have so many descriptors, their end came first. */
    CHECK(clients.count == 1000 || one < 0);
    CHECK(one < 0 || fcntl(one, F_GETFD) == -1);
    drop_all(&clients);
    close(null);
}

void test_clients(unsigned rounds)
{
    test_torn(rounds / 10 + 1);
    test_nonsense(rounds + 1);
    test_refused();
    test_kept();
    test_slow();
    test_stalled();
    test_too_many();
}
