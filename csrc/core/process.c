#include "process.h"

#include "cleanup.h"
#include "files.h"
#include "plan.h"
#include "procfs.h"

#include <errno.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

static bool read_list(const skiff_process *process, char ***list, skiff_reader *payload, skiff_error *err)
{
    if (*list)
        return skiff_fail_with(err, EBADMSG, "plan", "has a list twice");
    return skiff_read_texts(payload, process->room, list, err);
}

static bool read_user(skiff_process *process, skiff_reader *payload, skiff_error *err)
{
    uint32_t count;
    if (process->groups)
        return skiff_fail_with(err, EBADMSG, "plan", "has a user twice");
    if (!skiff_read_u32(payload, &process->uid, err) || !skiff_read_u32(payload, &process->gid, err) ||
        !skiff_read_u32(payload, &process->umask, err) || !skiff_read_u32(payload, &count, err))
        return false;
    if (count > (size_t)(payload->end - payload->at) / sizeof(uint32_t))
        return skiff_fail_with(err, EBADMSG, "plan", "counts more groups than it has");
    process->groups = skiff_take_room(process->room, (size_t)count + 1, sizeof *process->groups);
    if (!process->groups)
        return skiff_fail(err, "calloc", NULL);
    process->group_count = count;
    for (uint32_t i = 0; i < count; i++)
        if (!skiff_read_u32(payload, &process->groups[i], err))
            return false;
    return true;
}

static bool set_rlimit(skiff_reader *payload, skiff_error *err)
{
    uint32_t resource;
    uint64_t soft, hard;
    if (!skiff_read_u32(payload, &resource, err) || !skiff_read_u64(payload, &soft, err) ||
        !skiff_read_u64(payload, &hard, err))
        return false;
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return setrlimit((int)resource, &limit) == 0 || skiff_fail(err, "setrlimit", NULL);
}

static bool set_oom_score(skiff_reader *payload, skiff_error *err)
{
    uint32_t score;
    if (!skiff_read_u32(payload, &score, err))
        return false;
    char text[16];
    int length = snprintf(text, sizeof text, "%d", (int)score);
    return skiff_write_proc("/proc/self/oom_score_adj", text, (size_t)length, err);
}

static bool read_capabilities(skiff_process *process, skiff_reader *payload, skiff_error *err)
{
    skiff_capabilities *sets = &process->capabilities;
    process->set_capabilities = true;
    return skiff_read_u64(payload, &sets->bounding, err) && skiff_read_u64(payload, &sets->effective, err) &&
           skiff_read_u64(payload, &sets->inheritable, err) && skiff_read_u64(payload, &sets->permitted, err) &&
           skiff_read_u64(payload, &sets->ambient, err);
}

static bool read_seccomp(skiff_process *process, skiff_reader *payload, skiff_error *err)
{
    skiff_seccomp *filter = &process->seccomp;
    size_t length;
    if (!skiff_read_u32(payload, &filter->flags, err) || !skiff_read_bytes(payload, &filter->program, &length, err))
        return false;
    size_t count = length / sizeof(struct sock_filter);
    if (count == 0 || count > BPF_MAXINSNS || length % sizeof(struct sock_filter) != 0)
        return skiff_fail_with(err, EBADMSG, "plan", "has a filter of a wrong length");
    filter->length = (uint16_t)count;
    return true;
}

static bool write_file(const skiff_process *process, skiff_reader *payload, skiff_error *err)
{
    skiff_file file = {.uid = process->uid, .gid = process->gid};
    if (!skiff_read_u32(payload, &file.mode, err) || !skiff_read_text(payload, &file.path, err) ||
        !skiff_read_bytes(payload, &file.bytes, &file.length, err))
        return false;
    if (!process->groups)
        return skiff_fail_with(err, EBADMSG, "plan", "has a file before its user");
    /* A limit of the size of files is an error then, and not the end of this process. execve comes after a reset. */
    signal(SIGXFSZ, SIG_IGN);
    return skiff_write_file(&file, err);
}

static bool read_fault(skiff_process *process, skiff_reader *payload, skiff_error *err)
{
    uint32_t errnum;
    if (!skiff_read_text(payload, &process->fault.step, err) || !skiff_read_u32(payload, &errnum, err))
        return false;
    process->fault.errnum = (int)errnum;
    return true;
}

static bool read_death_signal(skiff_process *process, skiff_reader *payload, skiff_error *err)
{
    uint32_t number;
    if (!skiff_read_u32(payload, &number, err))
        return false;
    process->death_signal = (int)number;
    return true;
}

static bool read_one(skiff_process *process, skiff_record *record, skiff_error *err)
{
    skiff_reader *payload = &record->payload;
    switch (record->operation) {
    case SKIFF_OP_ARGS:
        return read_list(process, &process->args, payload, err);
    case SKIFF_OP_ENV:
        return read_list(process, &process->env, payload, err);
    case SKIFF_OP_CWD:
        return skiff_read_text(payload, &process->cwd, err);
    case SKIFF_OP_USER:
        return read_user(process, payload, err);
    case SKIFF_OP_RLIMIT:
        return skiff_step(&process->fault, "rlimit", err) && set_rlimit(payload, err);
    case SKIFF_OP_CAPABILITIES:
        return read_capabilities(process, payload, err);
    case SKIFF_OP_NO_NEW_PRIVS:
        process->no_new_privs = true;
        return true;
    case SKIFF_OP_OOM_SCORE:
        return skiff_step(&process->fault, "oom-score", err) && set_oom_score(payload, err);
    case SKIFF_OP_INIT:
        process->stay_init = true;
        return true;
    case SKIFF_OP_DEATH_SIGNAL:
        return read_death_signal(process, payload, err);
    case SKIFF_OP_SECCOMP:
        return read_seccomp(process, payload, err);
    case SKIFF_OP_GROUPS_STAY:
        process->groups_stay = true;
        return true;
    case SKIFF_OP_KEYRING:
        process->own_keyring = true;
        return true;
    case SKIFF_OP_APPARMOR:
        return skiff_read_text(payload, &process->apparmor_profile, err);
    case SKIFF_OP_SELINUX:
        return skiff_read_text(payload, &process->selinux_label, err);
    case SKIFF_OP_FILE:
        return skiff_step(&process->fault, "file", err) && write_file(process, payload, err);
    case SKIFF_OP_FAULT:
        return read_fault(process, payload, err);
    default:
        return skiff_fail_with(err, EBADMSG, "plan", "has an operation that this init does not know");
    }
}

bool skiff_read_process(skiff_process *process, skiff_room *room, const void *plan, size_t length, skiff_error *err)
{
    *process = (skiff_process){.cwd = "/", .umask = 0022, .room = room};
    skiff_error_text(err->step, sizeof err->step, "process");
    skiff_reader reader;
    if (!skiff_plan_open(&reader, plan, length, err))
        return false;
    while (skiff_more(&reader)) {
        skiff_record record;
        if (!skiff_read_record(&reader, &record, err) || !read_one(process, &record, err) ||
            !skiff_read_end(&record.payload, err))
            return false;
    }
    if (!process->args || !process->args[0] || !process->env)
        return skiff_fail_with(err, EBADMSG, "plan", "has no command");
    return true;
}
