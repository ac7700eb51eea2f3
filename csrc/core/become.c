#include "become.h"

#include "capability.h"
#include "keyring.h"
#include "label.h"
#include "mounts.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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
    /* This process has one thread; the C libraries would look for others, with all signals blocked. */
    if (!process->groups_stay && syscall(SYS_setgroups, (size_t)process->group_count, process->groups) != 0)
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

void skiff_reset_signals(bool few)
{
    struct sigaction fresh = {.sa_handler = SIG_DFL};
    if (few) {
        sigaction(SIGPIPE, &fresh, NULL);
        sigaction(SIGXFSZ, &fresh, NULL);
    } else {
        for (int number = 1; number < 65; number++)
            sigaction(number, &fresh, NULL); /* SIGKILL, SIGSTOP and the C library's own refuse, as it should be */
    }
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
