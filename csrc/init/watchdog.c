/*
 * PR_SET_PDEATHSIG would tie a container to the thread that cloned it and can be cleared by the container itself. A
 * process of its own whose pipe ends with the caller can not be fooled by either.
 */
#include "watchdog.h"

#include "../core/cleanup.h"
#include "../core/pidfd.h"
#include "../core/protocol.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>

typedef struct {
    int events;       /* epoll descriptor */
    int highest;      /* highest pidfd seen: descriptors up to it may be pidfds */
    int terminal;     /* -1: none to restore */
    struct termios saved;
} watch;

static void guard(watch *w, int pidfd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = pidfd};
    if (epoll_ctl(w->events, EPOLL_CTL_ADD, pidfd, &event) != 0) {
        skiff_pidfd_signal(pidfd, SIGKILL); /* what can not be watched must not run */
        close(pidfd);
        return;
    }
    if (pidfd > w->highest)
        w->highest = pidfd;
}

/* That container ended. The caller has the same pidfd open, so closing alone would leave it on the list, reported again
 * and again under a number that may be another's by then; epoll(7), "Will closing a file descriptor ...". */
static void forget(watch *w, int pidfd)
{
    epoll_ctl(w->events, EPOLL_CTL_DEL, pidfd, NULL);
    close(pidfd);
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
    if (recv(pipe, &packet, sizeof packet, MSG_PEEK) <= 0 ||
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
    w.events = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = pipe};
    if (chdir("/") != 0 || w.events < 0 || epoll_ctl(w.events, EPOLL_CTL_ADD, pipe, &event) != 0)
        return 125;
    for (;;) {
        int ready = (int)skiff_retry(epoll_wait(w.events, &event, 1, -1));
        if (ready < 0)
            break;
        if (event.data.fd != pipe)
            forget(&w, event.data.fd);
        else if (!serve(&w, pipe))
            break;
    }
    caller_is_gone(&w);
    return 0;
}
