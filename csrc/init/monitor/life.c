#include "life.h"

#include "../../core/cleanup.h"
#include "../../core/directory.h"
#include "../../core/mountbase.h"
#include "../../core/pidfd.h"
#include "../../core/plan.h"
#include "../../core/removal.h"
#include "../../core/start.h"
#include "policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT_PIPE (256 << 10) /* bytes that a command may be ahead */

#define BUSY_STEP_US 2000
#define BUSY_STEPS 1000

/* ---- A run's streams ---- */

typedef struct {
    int stdio[3]; /* the command's; -1: its own terminal */
} command_streams;

static void close_streams(command_streams *streams)
{
    for (int i = 0; i < 3; i++)
        skiff_close_fd(&streams->stdio[i]);
}

static bool open_pipe(int *ours, int *theirs, bool ours_reads, skiff_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return skiff_fail(err, "pipe2", NULL);
    *ours = ends[ours_reads ? 0 : 1];
    *theirs = ends[ours_reads ? 1 : 0];
    fcntl(*ours, F_SETFL, O_NONBLOCK);
    /* A command that writes much goes on while the monitor writes what it has read; a user's limit may forbid it. */
    if (ours_reads)
        fcntl(*ours, F_SETPIPE_SZ, OUTPUT_PIPE);
    return true;
}

static bool open_streams(skiff_life *life, command_streams *streams, skiff_error *err)
{
    *streams = (command_streams){{-1, -1, -1}};
    if (life->request.terminal)
        return true;
    if (life->request.input ? !open_pipe(&life->input, &streams->stdio[0], false, err)
                            : (streams->stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
        return life->request.input ? false : skiff_fail(err, "open", "/dev/null");
    return open_pipe(&life->output[0], &streams->stdio[1], true, err) &&
           open_pipe(&life->output[1], &streams->stdio[2], true, err);
}

/* The container's root could not reopen /dev/stdout otherwise. */
static bool give_pipes(const skiff_id_range *ids, const command_streams *streams, skiff_error *err)
{
    for (int i = 1; i < 3 && skiff_is_shifted(ids); i++)
        if (streams->stdio[i] >= 0 && fchown(streams->stdio[i], ids->uid, ids->gid) != 0)
            return skiff_fail(err, "fchown", NULL);
    return true;
}

static void close_ours(skiff_life *life)
{
    int *ours[] = {&life->terminal, &life->input, &life->output[0], &life->output[1]};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        skiff_close_fd(ours[i]);
        *ours[i] = -1;
    }
}

/* ---- Counting ---- */

/* `oom_kill N` stands in memory.oom_control (v1) and memory.events (v2) alike. */
static uint64_t count_oom_kills(const skiff_request *request)
{
    uint64_t all = 0;
    for (char **path = request->oom_files; *path; path++) {
        char text[1024];
        cleanup_fd int file = open(*path, O_RDONLY | O_CLOEXEC);
        ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
        if (length < 0)
            continue;
        text[length] = '\0';
        const char *at = strstr(text, "oom_kill ");
        unsigned long long kills;
        if (at && sscanf(at, "oom_kill %llu", &kills) == 1)
            all += kills;
    }
    return all;
}

/* ---- The run ---- */

void skiff_note(skiff_life *life, const char *status)
{
    skiff_error failure = {0};
    life->state.status = status;
    life->state.log_lines_lost = life->log.lines_lost;
    skiff_write_record(life->directory, &life->request.amendable, &life->state, &failure);
}

static bool start(skiff_life *life, const command_streams *streams, skiff_started *started, skiff_error *err)
{
    skiff_request *request = &life->request;
    skiff_error unused = {0};
    cleanup_fd int base = -1;
    /* Without one the host's mounts are copied, which costs more the more there are. */
    if (request->ids.count > 0)
        skiff_make_seeing_mount_base(&base, &unused);
    else
        skiff_make_mount_base(&base, &unused);
    skiff_start_options options = {
        .workspace = &request->workspace,
        .copy_ups = request->copy_ups,
        .copy_up_count = request->copy_up_count,
        .cgroups = request->cgroups,
        .cgroup_count = request->cgroup_count,
        .init = life->program,
        .namespaces = request->namespaces,
        .ids = request->ids,
        .user_namespace = -1,
        .network = -1,
        .mount_base = base,
        .plan = request->setup,
        .plan_length = request->setup_length,
        .binds = request->binds_length > 0 ? request->binds : NULL,
        .binds_length = request->binds_length,
        .watchdog = -1,
        .starter = -1,
        .process = request->process,
        .process_length = request->process_length,
        .await_command = true,
        .stdio = streams->stdio,
        .stdio_count = request->terminal ? 0 : 3,
    };
    if (!skiff_start_container(&options, started, err))
        return false;
    /* Whoever started this monitor holds the locks of these volumes up to here, and not at a restart. */
    request->copy_up_count = 0;
    return true;
}

/* cgroups and mount, and what else is asked for: they are there or not. */
static void take_away(skiff_life *life, const char *const *trees, size_t tree_count)
{
    skiff_request *request = &life->request;
    const char *paths[SKIFF_MAX_CGROUPS];
    bool busy[SKIFF_MAX_CGROUPS];
    size_t count = 0;
    for (size_t i = 0; i < request->cgroup_count && count < SKIFF_MAX_CGROUPS; i++) {
        paths[count++] = request->cgroups[i].path;
        request->cgroups[i].made = false;
    }
    skiff_removal removal = {paths, count, request->workspace.what.target, trees, tree_count, -1, NULL};
    skiff_marks marks = {0};
    skiff_error err = {0};
    bool left;
    for (int step = 0; step < BUSY_STEPS; step++) {
        memset(busy, 0, sizeof busy);
        if (!skiff_remove_container(&removal, busy, &left, &marks, &err))
            break;
        bool any = false;
        for (size_t i = 0; i < count; i++)
            any |= busy[i];
        if (!any)
            return;
        usleep(BUSY_STEP_US); /* a process that has just ended is still counted */
    }
    /* What is still there is found by its record, and removed by the next command that asks for it. */
}

static void note_running(skiff_life *life, const skiff_started *started)
{
    skiff_state *state = &life->state;
    skiff_error unused = {0};
    life->pidfd = started->init.pidfd;
    life->terminal = started->terminal;
    if (life->terminal >= 0)
        fcntl(life->terminal, F_SETFL, O_NONBLOCK);
    life->run_since = skiff_now_ms();
    life->kill_at = life->request.timeout_ms > 0 ? life->run_since + life->request.timeout_ms : 0;
    life->request.workspace.state = SKIFF_WORKSPACE_MOUNTED;
    state->init = started->init.pid;
    skiff_start_time(state->init, &state->init_start, &unused);
    state->started_ms = skiff_epoch_ms();
    state->exit_code = -1;
    state->finished_ms = 0;
    state->oom_killed = false;
    state->error[0] = '\0';
    life->oom_kills = count_oom_kills(&life->request);
    skiff_note(life, "running");
    skiff_append_event(&life->request, "start", NULL, 0);
}

bool skiff_begin_run(skiff_life *life, skiff_error *err)
{
    skiff_started started;
    command_streams streams;
    life->restart_at = 0;
    bool done = open_streams(life, &streams, err) && give_pipes(&life->request.ids, &streams, err) &&
                start(life, &streams, &started, err);
    close_streams(&streams);
    if (done) {
        note_running(life, &started);
        return true;
    }
    close_ours(life);
    take_away(life, NULL, 0);
    if (life->request.workspace.state == SKIFF_WORKSPACE_MOUNTED)
        life->request.workspace.state = SKIFF_WORKSPACE_WRITTEN;
    return false;
}

static void take_status(skiff_life *life)
{
    siginfo_t info = {0};
    skiff_state *state = &life->state;
    skiff_pidfd_wait(life->pidfd, 0, &info);
    close(life->pidfd);
    life->pidfd = -1;
    life->kill_at = 0;
    state->init = 0;
    state->exit_code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    state->finished_ms = skiff_epoch_ms();
    state->oom_killed = count_oom_kills(&life->request) > life->oom_kills;
}

bool skiff_end_run(skiff_life *life)
{
    uint64_t now = skiff_now_ms();
    take_status(life);
    close_ours(life);
    if (life->state.oom_killed)
        skiff_append_event(&life->request, "oom", NULL, 0);
    skiff_append_event(&life->request, "die", "exitCode", life->state.exit_code);
    if (life->stop_asked || !skiff_wants_restart(&life->request.amendable, life->state.exit_code, life->state.restarts))
        return false;
    life->restart_wait = skiff_restart_wait(life->restart_wait, now - life->run_since);
    life->restart_at = now + life->restart_wait;
    life->state.restarts++;
    skiff_note(life, "restarting");
    return true;
}

void skiff_end_life(skiff_life *life)
{
    skiff_request *request = &life->request;
    bool all = request->remove && !request->after;
    life->state.monitor = request->after ? life->state.monitor : 0;
    if (!all) {
        take_away(life, NULL, 0);
        skiff_note(life, "exited");
        return;
    }
    const char *trees[] = {request->directory};
    /* Whatever is left when this process is killed now is nobody's, and not for somebody to look at. */
    unlinkat(life->directory, "process.json", 0);
    take_away(life, trees, 1);
    for (char **claim = request->claims; *claim; claim++)
        remove(*claim);
    skiff_append_event(request, "destroy", NULL, 0);
}
