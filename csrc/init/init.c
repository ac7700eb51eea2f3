#include "init.h"

#include "../core/become.h"
#include "../core/cleanup.h"
#include "../core/process.h"
#include "../core/protocol.h"
#include "../core/setup.h"
#include "join.h"
#include "reaper.h"
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Tell the caller and end. That it may be gone changes nothing. */
int skiff_give_up(const skiff_error *err)
{
    skiff_error ignored;
    skiff_send(SKIFF_PIPE_FD, SKIFF_ERROR, err, sizeof *err, NULL, 0, &ignored);
    return 125;
}

/* A message, whose body lives until execve. */
typedef struct {
    uint32_t type;
    void *body;
    uint32_t length;
    int stdio[SKIFF_STDIO];
    int stdio_count;
} order;

/* A plan and a process of the usual sizes, and lists of their texts. */
static alignas(max_align_t) char block[SKIFF_INIT_BLOCK];
static skiff_room room = {block, block + sizeof block};

void skiff_forget_init(void)
{
    memset(block, 0, (size_t)(room.at - block));
    room = (skiff_room){block, block + sizeof block};
}

static bool receive(uint32_t wanted, order *message, skiff_error *err)
{
    skiff_header header;
    if (!skiff_receive_header(SKIFF_PIPE_FD, &header, message->stdio, SKIFF_STDIO, &message->stdio_count, err))
        return false;
    if (SKIFF_TYPE(header.type) != wanted)
        return skiff_fail_with(err, EPROTO, "recvmsg", NULL);
    message->body = skiff_take_room(&room, header.length + 1u, 1);
    if (!message->body)
        return skiff_fail(err, "calloc", NULL);
    message->type = header.type;
    message->length = header.length;
    return skiff_receive_exact(SKIFF_PIPE_FD, message->body, header.length, err);
}

bool skiff_receive_binds(const void **records, uint32_t *length, skiff_error *err)
{
    order message;
    if (!receive(SKIFF_BINDS, &message, err))
        return false;
    *records = message.body;
    *length = message.length;
    return true;
}

/* By a call of the kernel's: the C library's way by the vDSO takes a new program three pages and the look-up of a name. */
static uint64_t now_ns(void)
{
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Say READY, with the terminal's master where there is one, and wait for GO. */
static bool await_go(int *terminal_master, order *go, skiff_error *err)
{
    skiff_error_text(err->step, sizeof err->step, "park");
    uint64_t now = now_ns();
    if (!skiff_send(SKIFF_PIPE_FD, SKIFF_READY, &now, sizeof now, terminal_master, *terminal_master >= 0, err))
        return false;
    skiff_close_fd(terminal_master);
    return receive(SKIFF_GO, go, err);
}

/* All but execve. */
static bool become(const skiff_process *process, const order *go, int terminal, skiff_error *err)
{
    return skiff_step(&process->fault, "stdio", err) &&
           (terminal >= 0 ? skiff_take_terminal(terminal, process->uid, err)
                          : skiff_take_streams(go->type, go->stdio, go->stdio_count, process->uid, err)) &&
           skiff_become(process, err);
}

static int execute(const skiff_process *process, const order *go, skiff_error *err)
{
    skiff_reset_signals(go->type & SKIFF_GO_FEW_IGNORED);
    skiff_execute(process->args, process->env, err);
    return skiff_give_up(err);
}

bool skiff_begin_init(skiff_error *err)
{
    fcntl(SKIFF_PIPE_FD, F_SETFD, FD_CLOEXEC);
    if (!skiff_close_stdio(err))
        return false;
    setsid();
    umask(0); /* modes of directories and devices are those of the plan */
    return true;
}

/* Park: set up by the plan, say READY, wait for GO. */
static bool park(skiff_setup *setup, order *go, skiff_error *err)
{
    order plan;
    skiff_error_text(err->step, sizeof err->step, "plan");
    return receive(SKIFF_PLAN, &plan, err) &&
           skiff_set_up(setup, plan.type & SKIFF_PLAN_ON_BASE, plan.body, plan.length, err) &&
           await_go(&setup->terminal_master, go, err);
}

int skiff_run_init(void)
{
    skiff_error err = {0};
    skiff_setup setup;
    skiff_process process;
    order go = {0};

    if (!park(&setup, &go, &err) || !skiff_read_process(&process, &room, go.body, go.length, &err) ||
        !become(&process, &go, setup.terminal_slave, &err))
        return skiff_give_up(&err);
    if (process.stay_init)
        return skiff_reap(&process, setup.terminal_slave >= 0, &err) ? 0 : skiff_give_up(&err);
    return execute(&process, &go, &err);
}

int skiff_run_exec(void)
{
    skiff_error err = {0};
    skiff_joined joined;
    skiff_process process;
    order go = {0};

    if (!skiff_join_container(&joined, &err) || !await_go(&joined.terminal_master, &go, &err))
        return skiff_give_up(&err);
    /* Not before GO: by the joiner's process group the caller finds this process until then (enter.c). */
    setsid();
    if (!skiff_read_process(&process, &room, go.body, go.length, &err))
        return skiff_give_up(&err);
    process.need_cwd = true;
    return become(&process, &go, joined.terminal_slave, &err) ? execute(&process, &go, &err) : skiff_give_up(&err);
}
