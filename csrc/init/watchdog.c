/*
 * PR_SET_PDEATHSIG would tie a container to the thread that cloned it and can be cleared by the container itself. A
 * process of its own whose pipe ends with the caller can not be fooled by either.
 */
#include "watchdog.h"

#include "../core/cleanup.h"
#include "../core/pidfd.h"
#include "../core/protocol.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>

typedef struct {
    int ended;        /* epoll descriptor that tells of ended containers, when it is asked */
    int highest;      /* highest pidfd seen: descriptors up to it may be pidfds */
    int terminal;     /* -1: none to restore */
    struct termios saved;
} watch;

/*
 * Containers that have ended. The caller has the same pidfd open, so closing alone would leave it on the list, reported
 * again and again under a number that may be another's by then; epoll(7), "Will closing a file descriptor ...". Nobody
 * waits for them: at each end this process would be woken in the way of the one that does wait.
 */
static void forget_ended(watch *w)
{
    enum { AT_ONCE = 16 };
    struct epoll_event events[AT_ONCE];
    int count;
    while ((count = epoll_wait(w->ended, events, AT_ONCE, 0)) > 0)
        for (int i = 0; i < count; i++) {
            epoll_ctl(w->ended, EPOLL_CTL_DEL, events[i].data.fd, NULL);
            close(events[i].data.fd);
        }
}

static void guard(watch *w, int pidfd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = pidfd};
    forget_ended(w);
    if (epoll_ctl(w->ended, EPOLL_CTL_ADD, pidfd, &event) != 0) {
        skiff_pidfd_signal(pidfd, SIGKILL); /* what can not be watched must not run */
        close(pidfd);
        return;
    }
    if (pidfd > w->highest)
        w->highest = pidfd;
}

static void keep_terminal(watch *w, int fd, const struct termios *saved)
{
    skiff_close_fd(&w->terminal);
    w->terminal = fd;
    w->saved = *saved;
}

/* One message; false at the caller's end. The packet socket keeps a message and its descriptors together. */
static bool serve(watch *w, int pipe)
{
    skiff_error ignored = {0};
    skiff_header header;
    struct {
        skiff_header header;
        struct termios saved;
    } packet;
    int fd = -1, count = 0;
    if (skiff_retry(recv(pipe, &packet, sizeof packet, MSG_PEEK)) <= 0 ||
        !skiff_receive_header(pipe, &header, &fd, 1, &count, &ignored))
        return false;
    if (header.type == SKIFF_GUARD && count == 1)
        guard(w, fd);
    else if (header.type == SKIFF_TERMINAL && count == 1)
        keep_terminal(w, fd, &packet.saved);
    else if (header.type == SKIFF_RESTORED)
        skiff_close_fd(&w->terminal), w->terminal = -1;
    return true;
}

/*
 * How long what is told is let lie, in ms: to wake this process for each of many starts takes a processor from them. It is
 * short enough for the socket to hold all that can be told meanwhile.
 */
enum { LET_LIE_MS = 100 };

/* That somebody tells something ends no poll(2) for nothing but the other side's end. */
static void let_lie(int pipe)
{
    struct pollfd gone = {.fd = pipe, .events = 0};
    poll(&gone, 1, LET_LIE_MS);
}

static bool is_told(int pipe)
{
    struct pollfd told = {.fd = pipe, .events = POLLIN};
    return poll(&told, 1, 0) > 0;
}

/* What is told at the caller's end is still there behind it. */
static void serve_until_end(watch *w, int pipe)
{
    while (serve(w, pipe)) {
        int served;
        do {
            let_lie(pipe);
            for (served = 0; is_told(pipe); served++)
                if (!serve(w, pipe))
                    return;
        } while (served > 0);
    }
}

static void caller_is_gone(watch *w)
{
    for (int fd = SKIFF_PIPE_FD + 1; fd <= w->highest; fd++)
        skiff_pidfd_signal(fd, SIGKILL);
    if (w->terminal >= 0)
        tcsetattr(w->terminal, TCSANOW, &w->saved);
}

int skiff_watch(int pipe)
{
    watch w = {.terminal = -1};
    w.ended = epoll_create1(EPOLL_CLOEXEC);
    if (chdir("/") != 0 || w.ended < 0)
        return 125;
    serve_until_end(&w, pipe);
    caller_is_gone(&w);
    return 0;
}
