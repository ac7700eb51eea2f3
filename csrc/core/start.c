#include "start.h"

#include "answers.h"
#include "cleanup.h"
#include "pidfd.h"
#include "plan.h"
#include "protocol.h"

#include <sys/socket.h>

static bool make_directory(const skiff_start_options *options, skiff_started *started, skiff_error *err)
{
    if (!options->directory || options->directory->made)
        return true;
    if (!skiff_step(&options->fault, "container-directory", err) || !skiff_make_directory(options->directory, err))
        return false;
    skiff_mark_step(&started->marks, "container-directory");
    return true;
}

static bool make_user_namespace(const skiff_start_options *options, int *made, skiff_started *started, skiff_error *err)
{
    if (options->ids.count == 0)
        return true;
    if (options->user_namespace >= 0) {
        *made = fcntl(options->user_namespace, F_DUPFD_CLOEXEC, 0);
        return *made >= 0 || skiff_fail(err, "fcntl", "the user namespace");
    }
    if (!skiff_step(&options->fault, "user-namespace", err) || !skiff_make_user_namespace(&options->ids, made, err))
        return false;
    skiff_mark_step(&started->marks, "user-namespace");
    return true;
}

static bool make_workspace(const skiff_start_options *options, int user_namespace, skiff_started *started,
                           skiff_error *err)
{
    const skiff_workspace *workspace = options->workspace;
    if (!workspace || workspace->state == SKIFF_WORKSPACE_MOUNTED)
        return true;
    if (options->ahead) {
        skiff_error_text(err->step, sizeof err->step, "mount-point");
        if (!skiff_take_workspace(options->ahead, &options->ids, user_namespace, err))
            return false;
        skiff_mark_step(&started->marks, "mount-point");
        return true;
    }
    if (workspace->state == SKIFF_WORKSPACE_NEW) {
        if (!skiff_step(&options->fault, "write-layer", err) || !skiff_make_write_layer(workspace, err))
            return false;
        skiff_mark_step(&started->marks, "write-layer");
    }
    if (!skiff_step(&options->fault, "mount-point", err) || !skiff_make_mount_point(workspace, &options->ids, user_namespace, err))
        return false;
    skiff_mark_step(&started->marks, "mount-point");
    return true;
}

static bool fill_volumes(const skiff_start_options *options, skiff_started *started, skiff_error *err)
{
    if (options->copy_up_count == 0)
        return true;
    if (!skiff_step(&options->fault, "copy-up", err))
        return false;
    for (size_t i = 0; i < options->copy_up_count; i++)
        if (!skiff_copy_into_volume(options->workspace->what.target, &options->copy_ups[i], err))
            return false;
    skiff_mark_step(&started->marks, "copy-up");
    return true;
}

static bool make_cgroups(const skiff_start_options *options, skiff_started *started, skiff_error *err)
{
    if (options->cgroup_count == 0)
        return true;
    if (!skiff_step(&options->fault, "cgroup", err) ||
        !skiff_make_cgroups(options->cgroups, options->cgroup_count, err))
        return false;
    skiff_mark_step(&started->marks, "cgroup");
    return true;
}

static bool launch(const skiff_start_options *options, int user_namespace, skiff_started *started, skiff_error *err)
{
    skiff_launch_options launch = {
        .init = options->init,
        .name = "skiff-init",
        .namespaces = options->namespaces,
        .network = options->network,
        .user_namespace = user_namespace,
        .root = options->workspace ? options->workspace->what.target : NULL,
        .mount_base = options->mount_base,
        .starter = options->starter,
        .plan = options->plan,
        .plan_length = options->plan_length,
        .process_length = options->process ? options->process_length : 0,
        .binds = options->binds,
        .binds_length = options->binds_length,
        .cgroups = options->cgroups,
        .cgroup_count = options->cgroup_count,
        .fault = options->fault,
    };
    if (!skiff_launch(&launch, SOCK_STREAM, &started->init, err))
        return false;
    skiff_mark_step(&started->marks, "clone");
    return true;
}

/* From here on the container dies with its caller. A watchdog that was killed is replaced by the caller. */
static bool guard(const skiff_start_options *options, skiff_started *started, skiff_error *err)
{
    if (!skiff_step(&options->fault, "guard", err))
        return false;
    if (options->watchdog < 0)
        return started->guarded = true;
    started->guarded = skiff_send(options->watchdog, SKIFF_GUARD, NULL, 0, &started->init.pidfd, 1, err);
    return started->guarded || err->errnum == EPIPE || err->errnum == ECONNRESET || err->errnum == ECONNREFUSED;
}

/*
 * A process is told to have ended once its mount namespace is gone, if it was the last in it, and to take a dozen mounts
 * apart takes a quarter of a millisecond. What somebody else mounted may not be busy when he hears of the end; the layers'
 * FUSE server is told of its own end by the last mount that goes.
 */
static void hold_mounts(const skiff_start_options *options, skiff_started *started)
{
    bool may_hold = options->hold_mounts && (options->process || !options->binds) &&
                    !(options->workspace && options->workspace->kind == SKIFF_WORKSPACE_FUSE);
    if (!may_hold)
        return;
    /* No failure: the end takes a little longer. */
    started->mounts = skiff_open_mount_namespace(started->init.pidfd, started->init.pid);
}

static bool note(const skiff_start_options *options, skiff_started *started, skiff_error *err)
{
    if (!skiff_step(&options->fault, "record", err))
        return false;
    if (options->directory && !skiff_note_init(options->directory, started->init.pid, started->init.start_ticks, err))
        return false;
    hold_mounts(options, started);
    skiff_mark_step(&started->marks, "guard, record");
    return true;
}

static bool park(const skiff_start_options *options, skiff_started *started, skiff_error *err)
{
    uint64_t ready_ns = 0;
    if (!skiff_step(&options->fault, "ready", err) ||
        !skiff_await_ready(started->init.pipe, &started->terminal, &ready_ns, err))
        return false;
    skiff_mark_at(&started->marks, "set up", ready_ns);
    return true;
}

static bool await_command(const skiff_start_options *options, skiff_started *started, skiff_error *err)
{
    uint64_t none;
    if (!park(options, started, err))
        return false;
    skiff_error_text(err->step, sizeof err->step, "go");
    if (!skiff_await_command(started->init.pipe, &none, err))
        return false;
    skiff_close_fd(&started->init.pipe);
    started->init.pipe = -1;
    skiff_mark_step(&started->marks, "execve");
    return true;
}

static bool run_command(const skiff_start_options *options, skiff_started *started, skiff_error *err)
{
    skiff_error unsent;
    if (!skiff_step(&options->fault, "go", err))
        return false;
    /* The init finds it when it has set up, and nobody waits for a way there and back. */
    skiff_send_go(started->init.pipe, options->few_ignored ? SKIFF_GO_FEW_IGNORED : 0, options->process,
                  options->process_length, options->stdio, options->stdio_count, &unsent);
    skiff_mark_step(&started->marks, "send GO");
    return !options->await_command || await_command(options, started, err);
}

static bool bring_up(const skiff_start_options *options, skiff_started *started, skiff_error *err)
{
    skiff_error unsent;
    if (!skiff_step(&options->fault, "send-plan", err))
        return false;
    if (!started->init.has_plan) {
        /* A failure to send is told by READY's absence: the init may have said why before it ended. */
        uint32_t type = SKIFF_PLAN | (started->init.on_base ? SKIFF_PLAN_ON_BASE : 0);
        cleanup_free void *rest = NULL;
        size_t length = options->plan_length;
        if (started->init.has_binds && !skiff_plan_without(SKIFF_OP_BIND, options->plan, &length, &rest, err))
            return false;
        skiff_send(started->init.pipe, type, rest ? rest : options->plan, (uint32_t)length, NULL, 0, &unsent);
    }
    /* The init sets up meanwhile. */
    if (!guard(options, started, err) || !note(options, started, err))
        return false;
    return options->process && started->guarded ? run_command(options, started, err) : park(options, started, err);
}

bool skiff_start_container(const skiff_start_options *options, skiff_started *started, skiff_error *err)
{
    *started = (skiff_started){.init = {.pidfd = -1, .pipe = -1}, .terminal = -1, .mounts = -1};
    skiff_mark_step(&started->marks, "");
    cleanup_fd int user = -1;
    if (!make_directory(options, started, err) || !make_user_namespace(options, &user, started, err) ||
        !make_workspace(options, user, started, err) || !fill_volumes(options, started, err) ||
        !make_cgroups(options, started, err) || !launch(options, user, started, err))
        return false;
    if (bring_up(options, started, err))
        return true;
    skiff_abandon(&started->init);
    skiff_close_fd(&started->terminal);
    skiff_close_fd(&started->mounts);
    return false;
}

bool skiff_go(int pipe, const void *process, size_t length, const int *stdio, int count, skiff_error *err)
{
    skiff_error unsent = {0};
    skiff_error_text(err->step, sizeof err->step, "go");
    uint64_t none;
    bool sent = skiff_send_go(pipe, 0, process, length, stdio, count, &unsent);
    if (!skiff_await_command(pipe, &none, err))
        return false;
    return sent || skiff_fail_with(err, unsent.errnum, unsent.syscall, NULL);
}
