/*
 * A detached container's monitor: it holds the command's streams, writes its log, waits for it, starts it again where
 * that was asked for, and takes away what its end leaves. It has no parent and no terminal, and works from `/`.
 */
#include "monitor.h"

#include "../../core/become.h"
#include "../../core/cleanup.h"
#include "../../core/directory.h"
#include "../../core/signals.h"
#include "farewell.h"
#include "watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_NAME "control"

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
static bool listen_in(skiff_watching *w, skiff_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" SOCKET_NAME, w->life.directory);
    unlinkat(w->life.directory, SOCKET_NAME, 0);
    w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (w->listener < 0)
        return skiff_fail(err, "socket", NULL);
    umask(0177);
    if (bind(w->listener, (struct sockaddr *)&address, sizeof address) != 0)
        return skiff_fail(err, "bind", SOCKET_NAME);
    umask(0);
    return listen(w->listener, 64) == 0 || skiff_fail(err, "listen", SOCKET_NAME);
}

/* The program of inits, and the container's lock. */
static bool receive_request(skiff_watching *w, int pipe, int *lock, skiff_error *err)
{
    skiff_header header;
    int fds[2], count = 0;
    if (!skiff_receive_header(pipe, &header, fds, 2, &count, err))
        return false;
    if (header.type != SKIFF_MONITOR || count != 2)
        return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    w->life.program = fds[0];
    *lock = fds[1];
    char *body = malloc(header.length + 1u);
    if (!body)
        return skiff_fail(err, "malloc", NULL);
    return skiff_receive_exact(pipe, body, header.length, err) &&
           skiff_read_request(&w->life.request, body, header.length, err);
}

static bool begin(skiff_watching *w, int pipe, skiff_error *err)
{
    skiff_life *life = &w->life;
    /* Whoever asked for it may be gone by now: nobody else may begin before the record tells that it runs. */
    cleanup_fd int lock = -1;
    if (!receive_request(w, pipe, &lock, err))
        return false;
    life->directory = open(life->request.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (life->directory < 0)
        return skiff_fail(err, "open", life->request.directory);
    life->state.monitor = getpid();
    if (!skiff_start_time(life->state.monitor, &life->state.monitor_start, err) || !listen_in(w, err))
        return false;
    life->state.status = "starting";
    if (!skiff_write_record(life->directory, &life->request.amendable, &life->state, err))
        return false;
    skiff_log_open(&life->log, life->directory, life->request.log_size, life->request.log_files);
    return skiff_begin_run(life, err);
}

static void become(char *const *arguments)
{
    /* Whatever came meanwhile, SIGPIPE of a lost client among it, was not for that program: what is ignored is forgotten. */
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_IGN);
    skiff_reset_signals(false);
    execv(arguments[0], arguments);
}

int skiff_monitor(int pipe)
{
    static skiff_watching w; /* its buffers are touched when they are used */
    skiff_error err = {0};
    bool is_alone = leave_parent(&err);
    skiff_block_signals(NULL);
    prctl(PR_SET_NAME, "skiff-monitor", 0, 0, 0);
    /* One by one: an initializer of all of it would touch its buffers. */
    w.listener = w.life.pidfd = w.life.terminal = w.life.input = w.life.directory = w.life.log.file = -1;
    w.life.output[0] = w.life.output[1] = w.life.state.exit_code = -1;
    if (!is_alone || chdir("/") != 0 || !begin(&w, pipe, &err)) {
        skiff_error ignored;
        if (w.life.directory >= 0)
            unlinkat(w.life.directory, SOCKET_NAME, 0);
        skiff_send(pipe, SKIFF_ERROR, &err, sizeof err, NULL, 0, &ignored);
        return 125;
    }
    skiff_add_client(&w.clients, pipe);
    skiff_tell_number(&w.clients.list[0], SKIFF_STARTED, (uint32_t)w.life.state.init);
    w.clients.list[0].attached = w.life.request.attached;
    while (!w.over && skiff_watch_on(&w))
        ;
    unlinkat(w.life.directory, SOCKET_NAME, 0);
    skiff_end_life(&w.life);
    skiff_say_farewell(&w.clients, w.life.state.exit_code);
    if (w.life.request.after)
        become(w.life.request.after);
    return 0;
}
