/*
 * A detached container's monitor: it holds the command's streams, writes its log, waits for it, starts it again where
 * that was asked for, and takes away what its end leaves. It has no parent and no terminal, and works from `/`.
 */
#include "monitor.h"

#include "../../core/cleanup.h"
#include "../../core/directory.h"
#include "../../core/marks.h"
#include "../../core/plan.h"
#include "clients.h"
#include "life.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

#define SOCKET_NAME "control"
#define READ_ROOM (64u << 10)
#define FIXED 6 /* entries of the poll list before the clients */
#define FAREWELL_MS 10000

typedef struct {
    skiff_life life;
    skiff_clients clients;
    int listener;
    char *unwritten; /* input that the command has not taken yet */
    size_t unwritten_length, unwritten_at;
    bool input_ends; /* after that */
    bool over;
} monitor;

static uint64_t now_ms(void)
{
    return skiff_now_ns() / 1000000u;
}

/* ---- Input ---- */

static int *input_of(monitor *m)
{
    return m->life.terminal >= 0 ? &m->life.terminal : &m->life.input;
}

static void end_input(monitor *m)
{
    free(m->unwritten);
    m->unwritten = NULL;
    if (!m->input_ends)
        return;
    m->input_ends = false;
    skiff_close_fd(&m->life.input);
    m->life.input = -1;
}

static void write_input(monitor *m)
{
    int *input = input_of(m);
    while (*input >= 0 && m->unwritten_at < m->unwritten_length) {
        ssize_t written =
            skiff_retry(write(*input, m->unwritten + m->unwritten_at, m->unwritten_length - m->unwritten_at));
        if (written < 0 && errno == EAGAIN)
            return;
        if (written < 0)
            break; /* the command has closed it: what comes is for nobody */
        m->unwritten_at += (size_t)written;
    }
    end_input(m);
}

static void take_input(monitor *m, char **body, size_t length)
{
    m->input_ends = length == 0 && m->life.terminal < 0;
    m->unwritten = *body;
    m->unwritten_length = length;
    m->unwritten_at = 0;
    *body = NULL;
    write_input(m);
}

/* ---- What clients ask for ---- */

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

static bool send_signal(monitor *m, uint32_t number, uint32_t stop)
{
    skiff_life *life = &m->life;
    life->stop_asked |= stop != 0;
    if (life->pidfd >= 0)
        return syscall(SYS_pidfd_send_signal, life->pidfd, (int)number, NULL, 0) == 0;
    if (life->restart_at > 0 && stop) {
        m->over = true;
        return true;
    }
    errno = ESRCH;
    return false;
}

/* Between two runs there is nothing that could be frozen. */
static bool note_paused(monitor *m, bool paused)
{
    errno = ESRCH;
    if (m->life.pidfd < 0)
        return false;
    skiff_note(&m->life, paused ? "paused" : "running");
    return true;
}

/* Nobody holds what is frozen already: who lets go of it would thaw it. */
static bool hold(monitor *m, skiff_client *client, bool begins)
{
    bool taken = strcmp(m->life.state.status, "paused") == 0;
    for (size_t i = 0; i < m->clients.count; i++)
        taken |= m->clients.list[i].holds;
    if (begins && (taken || m->life.pidfd < 0)) {
        errno = taken ? EBUSY : ESRCH;
        return false;
    }
    client->holds = begins;
    return true;
}

/* Whoever held the processes was killed, or gave up: nobody else would let them go on. */
static void let_go(monitor *m)
{
    skiff_thaw_cgroups(m->life.request.cgroups, m->life.request.cgroup_count);
    if (m->life.pidfd >= 0 && strcmp(m->life.state.status, "paused") == 0)
        skiff_note(&m->life, "running");
}

static void resize(monitor *m, uint32_t rows, uint32_t columns)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    if (m->life.terminal >= 0)
        ioctl(m->life.terminal, TIOCSWINSZ, &size);
}

/* The body stays: the record points into it. What was there before belongs to the first message, or is lost with a few
 * bytes for each amendment. */
static bool amend(monitor *m, char **body, size_t length)
{
    skiff_error err = {0};
    if (!skiff_read_amendment(&m->life.request, *body, length, &err)) {
        errno = err.errnum;
        return false;
    }
    *body = NULL;
    skiff_note(&m->life, m->life.state.status);
    return true;
}

static void serve(void *context, skiff_client *client, uint32_t type, char **body, size_t length)
{
    monitor *m = context;
    uint32_t values[2];
    if (type == SKIFF_INPUT && client->attached & SKIFF_ATTACH_INPUT)
        take_input(m, body, length);
    else if (type == SKIFF_ATTACH && numbers(*body, length, values, 1))
        client->attached = values[0];
    else if (type == SKIFF_RESIZE && numbers(*body, length, values, 2))
        resize(m, values[0], values[1]);
    else if (type == SKIFF_SIGNAL && numbers(*body, length, values, 2))
        answer(client, send_signal(m, values[0], values[1]));
    else if (type == SKIFF_PAUSED && numbers(*body, length, values, 1))
        answer(client, note_paused(m, values[0] != 0));
    else if (type == SKIFF_HOLD && numbers(*body, length, values, 1))
        answer(client, hold(m, client, values[0] != 0));
    else if (type == SKIFF_AMEND)
        answer(client, amend(m, body, length));
    else
        client->gone = true;
}

/* ---- Output ---- */

/* One piece of what the command wrote; false where there is nothing now. */
static bool take_output(monitor *m, int *from, uint32_t stream)
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
    skiff_log_write(&m->life.log, (int)stream, bytes, (size_t)got);
    skiff_tell_output(&m->clients, stream, bytes, (size_t)got);
    /* The first loss is told at once, how much it was with the next change of state. */
    if (m->life.log.lines_lost > 0 && m->life.state.log_lines_lost == 0)
        skiff_note(&m->life, m->life.state.status);
    return true;
}

static void take_all_output(monitor *m)
{
    skiff_life *life = &m->life;
    while (life->terminal >= 0 && take_output(m, &life->terminal, 1))
        ;
    for (int i = 0; i < 2; i++)
        while (life->output[i] >= 0 && take_output(m, &life->output[i], (uint32_t)i + 1))
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

static void run_again(monitor *m)
{
    skiff_error err = {0};
    skiff_life *life = &m->life;
    if (skiff_begin_run(life, &err))
        return;
    snprintf(life->state.error, sizeof life->state.error, "%s: %s: %s", err.step, err.syscall, strerror(err.errnum));
    life->state.exit_code = failure_code(&err);
    m->over = true;
}

static void init_ended(monitor *m)
{
    take_all_output(m);
    m->input_ends = false;
    end_input(m);
    m->unwritten_length = m->unwritten_at = 0;
    m->over = !skiff_end_run(&m->life);
}

static int until(uint64_t when, uint64_t now, int before)
{
    int wait = when <= now ? 0 : when - now > 1u << 30 ? 1 << 30 : (int)(when - now);
    return before < 0 || wait < before ? wait : before;
}

/* Milliseconds until something is to be done without anybody's asking; -1: nothing is. */
static int next_wait(const monitor *m, bool behind)
{
    const skiff_life *life = &m->life;
    uint64_t now = now_ms();
    int wait = behind ? 1000 : -1;
    if (life->restart_at > 0)
        wait = until(life->restart_at, now, wait);
    if (life->kill_at > 0)
        wait = until(life->kill_at, now, wait);
    return wait;
}

static void keep_time(monitor *m)
{
    skiff_life *life = &m->life;
    uint64_t now = now_ms();
    if (life->restart_at > 0 && now >= life->restart_at)
        run_again(m);
    if (life->kill_at == 0 || now < life->kill_at)
        return;
    life->kill_at = 0; /* once: what is frozen dies of it when it is thawed */
    syscall(SYS_pidfd_send_signal, life->pidfd, SIGKILL, NULL, 0);
}

/* What it sends next may be input, which has to wait for the command; what others ask for has not. */
static bool is_held(const monitor *m, const skiff_client *client)
{
    return m->unwritten && client->attached & SKIFF_ATTACH_INPUT;
}

/* One that is held and has nothing to take is not looked at: its hanging up would be told again and again. */
static struct pollfd watch_of(const monitor *m, const skiff_client *client)
{
    bool held = is_held(m, client), behind = client->unsent_length > 0;
    return (struct pollfd){held && !behind ? -1 : client->fd, (short)((held ? 0 : POLLIN) | (behind ? POLLOUT : 0)), 0};
}

static void fill_fixed(monitor *m, struct pollfd *list, bool behind)
{
    skiff_life *life = &m->life;
    bool waiting = m->unwritten != NULL;
    /* Nothing is read that those who watch have not taken: the command waits as it would for a terminal. */
    list[0] = (struct pollfd){life->pidfd, POLLIN, 0};
    list[1] = (struct pollfd){m->listener, POLLIN, 0};
    list[2] = (struct pollfd){behind ? -1 : life->output[0], POLLIN, 0};
    list[3] = (struct pollfd){behind ? -1 : life->output[1], POLLIN, 0};
    list[4] = (struct pollfd){behind && !waiting ? -1 : life->terminal,
                              (short)((behind ? 0 : POLLIN) | (waiting ? POLLOUT : 0)), 0};
    list[5] = (struct pollfd){waiting ? life->input : -1, POLLOUT, 0};
}

static void serve_fixed(monitor *m, const struct pollfd *list)
{
    skiff_life *life = &m->life;
    if (list[1].revents)
        skiff_add_client(&m->clients, accept4(m->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (list[2].revents && life->output[0] >= 0)
        take_output(m, &life->output[0], 1);
    if (list[3].revents && life->output[1] >= 0)
        take_output(m, &life->output[1], 2);
    if (list[4].revents & (POLLIN | POLLHUP | POLLERR) && life->terminal >= 0)
        take_output(m, &life->terminal, 1);
    if (m->unwritten && ((list[4].revents | list[5].revents) & (POLLOUT | POLLERR)))
        write_input(m);
    if (list[0].revents)
        init_ended(m);
}

static bool poll_once(monitor *m)
{
    bool behind = skiff_clients_behind(&m->clients);
    size_t count = m->clients.count;
    cleanup_free struct pollfd *list = calloc(FIXED + count, sizeof *list);
    if (!list)
        return false;
    fill_fixed(m, list, behind);
    for (size_t i = 0; i < count; i++)
        list[FIXED + i] = watch_of(m, &m->clients.list[i]);
    if (skiff_retry(poll(list, FIXED + count, next_wait(m, behind))) < 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        skiff_client *client = &m->clients.list[i];
        short events = list[FIXED + i].revents;
        if (client->unsent_length > 0 && events & (POLLOUT | POLLHUP | POLLERR))
            skiff_send_unsent(client);
        /* One message at a time: its input may have to wait for the command. */
        if (events & (POLLIN | POLLHUP | POLLERR) && !is_held(m, client))
            skiff_read_client(client, serve, m);
    }
    serve_fixed(m, list);
    if (!m->over)
        keep_time(m);
    if (skiff_drop_clients(&m->clients))
        let_go(m);
    return true;
}

/* Drop what a client still sends; at its end it is gone. */
static void read_nothing(skiff_client *client)
{
    char bytes[4096];
    ssize_t got = skiff_retry(recv(client->fd, bytes, sizeof bytes, 0));
    client->gone |= got == 0 || (got < 0 && errno != EAGAIN);
}

/* One whose input came too late would be told so by an error, and lose by it what it has not read yet: so it is the clients
 * that hang up first. One that does nothing of the kind is not waited for long. */
static void say_farewell(monitor *m)
{
    uint64_t end = now_ms() + FAREWELL_MS;
    skiff_clients *clients = &m->clients;
    for (size_t i = 0; i < clients->count; i++)
        skiff_tell_number(&clients->list[i], SKIFF_ENDED, (uint32_t)m->life.state.exit_code);
    cleanup_free struct pollfd *list = calloc(clients->count + 1, sizeof *list);
    for (skiff_drop_clients(clients); list && clients->count > 0 && now_ms() < end; skiff_drop_clients(clients)) {
        for (size_t i = 0; i < clients->count; i++)
            list[i] = (struct pollfd){clients->list[i].fd,
                                      (short)(POLLIN | (clients->list[i].unsent_length > 0 ? POLLOUT : 0)), 0};
        if (skiff_retry(poll(list, clients->count, until(end, now_ms(), -1))) <= 0)
            return;
        for (size_t i = 0; i < clients->count; i++) {
            if (list[i].revents & POLLOUT)
                skiff_send_unsent(&clients->list[i]);
            if (list[i].revents & (POLLIN | POLLHUP | POLLERR))
                read_nothing(&clients->list[i]);
        }
    }
}

/* ---- Beginning ---- */

/* Away from whoever started it: its child would be theirs to reap. */
static bool leave_parent(skiff_error *err)
{
    pid_t child = fork();
    if (child > 0)
        _exit(0);
    skiff_error_text(err->step, sizeof err->step, "monitor");
    return child == 0 ? setsid() > 0 : skiff_fail(err, "fork", NULL);
}

/* A path of a socket takes 107 bytes, that of a container's directory may take more. */
static bool listen_in(monitor *m, skiff_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" SOCKET_NAME, m->life.directory);
    unlinkat(m->life.directory, SOCKET_NAME, 0);
    m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (m->listener < 0)
        return skiff_fail(err, "socket", NULL);
    umask(0177);
    if (bind(m->listener, (struct sockaddr *)&address, sizeof address) != 0)
        return skiff_fail(err, "bind", SOCKET_NAME);
    umask(0);
    return listen(m->listener, 64) == 0 || skiff_fail(err, "listen", SOCKET_NAME);
}

static bool receive_request(monitor *m, int pipe, skiff_error *err)
{
    skiff_header header;
    int count = 0;
    if (!skiff_receive_header(pipe, &header, &m->life.program, 1, &count, err))
        return false;
    if (header.type != SKIFF_MONITOR || count != 1)
        return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    char *body = malloc(header.length + 1u);
    if (!body)
        return skiff_fail(err, "malloc", NULL);
    return skiff_receive_exact(pipe, body, header.length, err) &&
           skiff_read_request(&m->life.request, body, header.length, err);
}

static bool begin(monitor *m, int pipe, skiff_error *err)
{
    skiff_life *life = &m->life;
    if (!receive_request(m, pipe, err))
        return false;
    life->directory = open(life->request.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (life->directory < 0)
        return skiff_fail(err, "open", life->request.directory);
    life->state.monitor = getpid();
    if (!skiff_start_time(life->state.monitor, &life->state.monitor_start, err) || !listen_in(m, err))
        return false;
    life->state.status = "starting";
    /* Whoever asked for it may be gone by now: from here on the container has somebody who looks after it. */
    if (!skiff_write_record(life->directory, &life->request.amendable, &life->state, err))
        return false;
    skiff_log_open(&life->log, life->directory, life->request.log_size, life->request.log_files);
    return skiff_begin_run(life, err);
}

static void become(char *const *arguments)
{
    sigset_t none;
    /* Whatever came meanwhile, SIGPIPE of a lost client among it, was not for that program. */
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_IGN), signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(arguments[0], arguments);
}

int skiff_monitor(int pipe)
{
    static monitor m; /* its buffers are touched when they are used */
    skiff_error err = {0};
    sigset_t all;
    bool is_alone = leave_parent(&err);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, "skiff-monitor", 0, 0, 0);
    /* One by one: an initializer of all of it would touch its buffers. */
    m.listener = m.life.pidfd = m.life.terminal = m.life.input = m.life.directory = m.life.log.file = -1;
    m.life.output[0] = m.life.output[1] = m.life.state.exit_code = -1;
    if (!is_alone || chdir("/") != 0 || !begin(&m, pipe, &err)) {
        skiff_error ignored;
        if (m.life.directory >= 0)
            unlinkat(m.life.directory, SOCKET_NAME, 0);
        skiff_send(pipe, SKIFF_ERROR, &err, sizeof err, NULL, 0, &ignored);
        return 125;
    }
    skiff_add_client(&m.clients, pipe);
    skiff_tell_number(&m.clients.list[0], SKIFF_STARTED, (uint32_t)m.life.state.init);
    m.clients.list[0].attached = m.life.request.attached;
    while (!m.over && poll_once(&m))
        ;
    unlinkat(m.life.directory, SOCKET_NAME, 0);
    skiff_end_life(&m.life);
    say_farewell(&m);
    if (m.life.request.after)
        become(m.life.request.after);
    return 0;
}
