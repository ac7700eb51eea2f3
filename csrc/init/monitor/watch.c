#include "watch.h"

#include "../../core/cleanup.h"
#include "../../core/marks.h"
#include "../../core/pidfd.h"
#include "asked.h"
#include "holding.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define READ_ROOM (64u << 10)
#define FIXED 6    /* entries of the poll list before the clients */
#define BACKLOG 64 /* clients that are taken at once */

/* ---- Output ---- */

/* One piece of what the command wrote; false where there is nothing now. */
static bool take_output(skiff_watching *w, int *from, uint32_t stream)
{
    static char bytes[READ_ROOM];
    ssize_t got = skiff_retry(read(*from, bytes, sizeof bytes));
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) { /* EIO: nobody has the terminal open any more */
            close(*from);
            *from = -1;
        }
        return false;
    }
    skiff_log_write(&w->life.log, (int)stream, bytes, (size_t)got);
    skiff_tell_output(&w->clients, stream, bytes, (size_t)got);
    /* The first loss is told at once, how much it was with the next change of state. */
    if (w->life.log.lines_lost > 0 && w->life.state.log_lines_lost == 0)
        skiff_note(&w->life, w->life.state.status);
    return true;
}

static void take_all_output(skiff_watching *w)
{
    skiff_life *life = &w->life;
    while (life->terminal >= 0 && take_output(w, &life->terminal, 1))
        ;
    for (int i = 0; i < 2; i++)
        while (life->output[i] >= 0 && take_output(w, &life->output[i], (uint32_t)i + 1))
            ;
}

/* ---- The loop ---- */

/* Docker's: 127 where there is no such program, 126 where it cannot be run, 128 for all else. */
static int failure_code(const skiff_error *err)
{
    if (strcmp(err->step, "exec") != 0)
        return 128;
    return err->errnum == ENOENT || err->errnum == ENOTDIR ? 127 : 126;
}

static void run_again(skiff_watching *w)
{
    skiff_error err = {0};
    skiff_life *life = &w->life;
    if (skiff_begin_run(life, &err))
        return;
    snprintf(life->state.error, sizeof life->state.error, "%s: %s: %s", err.step, err.syscall, strerror(err.errnum));
    life->state.exit_code = failure_code(&err);
    w->over = true;
}

static void init_ended(skiff_watching *w)
{
    take_all_output(w);
    skiff_drop_input(&w->input);
    w->over = !skiff_end_run(&w->life);
}

static int until(uint64_t when, uint64_t now, int before)
{
    int wait = when <= now ? 0 : when - now > 1u << 30 ? 1 << 30 : (int)(when - now);
    return before < 0 || wait < before ? wait : before;
}

/* Milliseconds until something is to be done without anybody's asking; -1: nothing is. */
static int next_wait(const skiff_watching *w, bool behind)
{
    const skiff_life *life = &w->life;
    uint64_t now = skiff_now_ms();
    int wait = behind ? 1000 : -1;
    if (life->restart_at > 0)
        wait = until(life->restart_at, now, wait);
    if (life->kill_at > 0)
        wait = until(life->kill_at, now, wait);
    return wait;
}

static void keep_time(skiff_watching *w)
{
    skiff_life *life = &w->life;
    uint64_t now = skiff_now_ms();
    if (life->restart_at > 0 && now >= life->restart_at)
        run_again(w);
    if (life->kill_at == 0 || now < life->kill_at)
        return;
    life->kill_at = 0; /* once: what is frozen dies of it when it is thawed */
    skiff_pidfd_signal(life->pidfd, SIGKILL);
}

/* What it sends next may be input, which has to wait for the command; what others ask for has not. */
static bool is_held(const skiff_watching *w, const skiff_client *client)
{
    return w->input.unwritten && client->attached & SKIFF_ATTACH_INPUT;
}

/* One that is held and has nothing to take is not looked at: its hanging up would be told again and again. */
static struct pollfd watch_of(const skiff_watching *w, const skiff_client *client)
{
    bool held = is_held(w, client), behind = client->unsent_length > 0;
    return (struct pollfd){held && !behind ? -1 : client->fd, (short)((held ? 0 : POLLIN) | (behind ? POLLOUT : 0)), 0};
}

static void fill_fixed(skiff_watching *w, struct pollfd *list, bool behind)
{
    skiff_life *life = &w->life;
    bool waiting = w->input.unwritten != NULL;
    /* Nothing is read that those who watch have not taken: the command waits as it would for a terminal. */
    list[0] = (struct pollfd){life->pidfd, POLLIN, 0};
    list[1] = (struct pollfd){w->listener, POLLIN, 0};
    list[2] = (struct pollfd){behind ? -1 : life->output[0], POLLIN, 0};
    list[3] = (struct pollfd){behind ? -1 : life->output[1], POLLIN, 0};
    list[4] = (struct pollfd){behind && !waiting ? -1 : life->terminal,
                              (short)((behind ? 0 : POLLIN) | (waiting ? POLLOUT : 0)), 0};
    list[5] = (struct pollfd){waiting ? life->input : -1, POLLOUT, 0};
}

/* What they have sent already counts before what the command writes next: who has asked to be attached misses nothing. */
static void accept_clients(skiff_watching *w)
{
    for (int i = 0; i < BACKLOG; i++) {
        int fd = skiff_retry(accept4(w->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (fd < 0)
            return;
        if (skiff_add_client(&w->clients, fd))
            skiff_read_client(&w->clients.list[w->clients.count - 1], skiff_do_as_asked, w);
    }
}

static void serve_fixed(skiff_watching *w, const struct pollfd *list)
{
    skiff_life *life = &w->life;
    if (list[1].revents)
        accept_clients(w);
    if (list[2].revents && life->output[0] >= 0)
        take_output(w, &life->output[0], 1);
    if (list[3].revents && life->output[1] >= 0)
        take_output(w, &life->output[1], 2);
    if (list[4].revents & (POLLIN | POLLHUP | POLLERR) && life->terminal >= 0)
        take_output(w, &life->terminal, 1);
    if (w->input.unwritten && ((list[4].revents | list[5].revents) & (POLLOUT | POLLERR)))
        skiff_write_input(&w->input, life);
    if (list[0].revents)
        init_ended(w);
}

bool skiff_watch_on(skiff_watching *w)
{
    bool behind = skiff_clients_behind(&w->clients);
    size_t count = w->clients.count;
    cleanup_free struct pollfd *list = calloc(FIXED + count, sizeof *list);
    if (!list)
        return false;
    fill_fixed(w, list, behind);
    for (size_t i = 0; i < count; i++)
        list[FIXED + i] = watch_of(w, &w->clients.list[i]);
    if (skiff_retry(poll(list, FIXED + count, next_wait(w, behind))) < 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        skiff_client *client = &w->clients.list[i];
        short events = list[FIXED + i].revents;
        if (client->unsent_length > 0 && events & (POLLOUT | POLLHUP | POLLERR))
            skiff_send_unsent(client);
        /* One message at a time: its input may have to wait for the command. */
        if (events & (POLLIN | POLLHUP | POLLERR) && !is_held(w, client))
            skiff_read_client(client, skiff_do_as_asked, w);
    }
    serve_fixed(w, list);
    if (!w->over)
        keep_time(w);
    if (skiff_drop_clients(&w->clients))
        skiff_let_go(&w->life);
    return true;
}
