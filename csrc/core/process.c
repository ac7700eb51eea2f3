#include "process.h"

#include "capability.h"
#include "cleanup.h"
#include "files.h"
#include "keyring.h"
#include "label.h"
#include "mounts.h"
#include "plan.h"
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static bool read_list(char ***list, skiff_reader *payload, skiff_error *err)
{
    if (*list)
        return skiff_fail_with(err, EBADMSG, "plan", "has a list twice");
    return skiff_read_texts(payload, list, err);
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
    process->groups = calloc((size_t)count + 1, sizeof *process->groups);
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
        return read_list(&process->args, payload, err);
    case SKIFF_OP_ENV:
        return read_list(&process->env, payload, err);
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

bool skiff_read_process(skiff_process *process, const void *plan, size_t length, skiff_error *err)
{
    *process = (skiff_process){.cwd = "/", .umask = 0022};
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

/* A descriptor of the host's among the standard streams must be no way out: /proc/self/fd/0 (CVE-2024-21626). */
static bool is_inside(void)
{
    char path[PATH_MAX];
    /* The kernel says "(unreachable)" where the C libraries say something of their own; getcwd(2). */
    return syscall(SYS_getcwd, path, sizeof path) <= 0 || path[0] == '/';
}

static bool enter_cwd(const skiff_process *process, skiff_error *err)
{
    if (chdir(process->cwd) != 0) {
        if (errno != ENOENT || process->need_cwd)
            return skiff_fail(err, "chdir", process->cwd);
        if (!skiff_make_directories(process->cwd, err))
            return false;
        if (chdir(process->cwd) != 0)
            return skiff_fail(err, "chdir", process->cwd);
    }
    return is_inside() || skiff_fail_with(err, EXDEV, "chdir", process->cwd);
}

static bool become_user(const skiff_process *process, skiff_error *err)
{
    if (!process->groups_stay && setgroups(process->group_count, process->groups) != 0)
        return skiff_fail(err, "setgroups", NULL);
    if (process->uid == 0 && process->gid == 0)
        return true;
    /* Capabilities are given up below, by the sets asked for, not by the change of user; capabilities(7). */
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
        return skiff_fail(err, "prctl PR_SET_KEEPCAPS", NULL);
    if (setresgid(process->gid, process->gid, process->gid) != 0)
        return skiff_fail(err, "setresgid", NULL);
    if (setresuid(process->uid, process->uid, process->uid) != 0)
        return skiff_fail(err, "setresuid", NULL);
    return true;
}

/*
 * With no_new_privs the filter comes last of all, so that it need not allow what is done here. Without, it takes
 * CAP_SYS_ADMIN and so has to come before the capabilities go: capset(2) and, for ambient ones, prctl(2) are then the only
 * calls of ours that it must allow, beside execve(2). runc has the same order.
 */
static bool drop_privileges(const skiff_process *process, skiff_error *err)
{
    const skiff_seccomp *filter = &process->seccomp;
    if (process->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return skiff_fail(err, "prctl PR_SET_NO_NEW_PRIVS", NULL);
    bool early = filter->program && !process->no_new_privs && process->set_capabilities;
    if (early && (!skiff_raise_effective(err) || !skiff_step(&process->fault, "seccomp", err) ||
                  !skiff_install_filter(filter, err)))
        return false;
    if (process->set_capabilities && !skiff_set_capabilities(&process->capabilities, err))
        return false;
    return !filter->program || early ||
           (skiff_step(&process->fault, "seccomp", err) && skiff_install_filter(filter, err));
}

/* Only the kernel's files for it are needed, so it comes while nothing is given up. */
static bool set_labels(const skiff_process *process, skiff_error *err)
{
    if (process->apparmor_profile && (!skiff_step(&process->fault, "apparmor", err) ||
                                      !skiff_set_apparmor_profile(process->apparmor_profile, err)))
        return false;
    return !process->selinux_label || (skiff_step(&process->fault, "selinux", err) &&
                                       skiff_set_selinux_label(process->selinux_label, err));
}

bool skiff_become(const skiff_process *process, skiff_error *err)
{
    umask(process->umask);
    if (process->own_keyring && (!skiff_step(&process->fault, "keyring", err) || !skiff_join_keyring(err)))
        return false;
    if (!set_labels(process, err))
        return false;
    if (!skiff_step(&process->fault, "cwd", err) || !enter_cwd(process, err))
        return false;
    if (!skiff_step(&process->fault, "capabilities", err) ||
        (process->set_capabilities &&
         (!skiff_drop_bounding(process->capabilities.bounding, err) || !skiff_clear_ambient(err))))
        return false;
    if (!skiff_step(&process->fault, "user", err) || !become_user(process, err))
        return false;
    /* A change of user would forget it, PR_SET_PDEATHSIG(2const); and a filter need not allow it. */
    if (process->death_signal != 0 && prctl(PR_SET_PDEATHSIG, process->death_signal, 0, 0, 0) != 0)
        return skiff_fail(err, "prctl PR_SET_PDEATHSIG", NULL);
    if (!drop_privileges(process, err))
        return false;
    return skiff_step(&process->fault, "exec", err);
}

void skiff_reset_signals(void)
{
    struct sigaction fresh = {.sa_handler = SIG_DFL};
    for (int number = 1; number < 65; number++)
        sigaction(number, &fresh, NULL); /* SIGKILL, SIGSTOP and the C library's own refuse; that is as it should be */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *path_of(char *const *env)
{
    for (; *env; env++)
        if (strncmp(*env, "PATH=", 5) == 0)
            return *env + 5;
    return "";
}

static bool is_directory(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* As the shells search: go on over what is not there, remember what may not be executed. */
static bool execute_by_path(char *const *args, char *const *env, skiff_error *err)
{
    int refused = 0;
    for (const char *part = path_of(env); *part; part += *part == ':') {
        size_t length = strcspn(part, ":");
        char candidate[PATH_MAX];
        int used = length == 0 ? snprintf(candidate, sizeof candidate, "./%s", args[0])
                               : snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, part, args[0]);
        part += length;
        if ((size_t)used >= sizeof candidate)
            continue;
        execve(candidate, args, env);
        if (errno == EACCES && !is_directory(candidate))
            refused = EACCES;
        else if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
            return skiff_fail(err, "execve", candidate);
        else if (errno == ENOENT && access(candidate, F_OK) == 0)
            return skiff_fail_with(err, ENOENT, "execve", candidate); /* a missing interpreter */
    }
    return skiff_fail_with(err, refused ? refused : ENOENT, refused ? "execve" : "execvpe", args[0]);
}

bool skiff_execute(char *const *args, char *const *env, skiff_error *err)
{
    if (!strchr(args[0], '/'))
        return execute_by_path(args, env, err);
    execve(args[0], args, env);
    int errnum = errno;
    if (errnum == EACCES && is_directory(args[0]))
        errnum = EISDIR;
    return skiff_fail_with(err, errnum, "execve", args[0]);
}
