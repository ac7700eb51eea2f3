#include "reaper.h"

#include "../core/become.h"
#include "../core/protocol.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child. A group of its own, in the foreground, is what makes job control and Ctrl-C reach the command. */
static int start_command(const skiff_process *process, bool terminal)
{
    skiff_error err = {0}, ignored;
    skiff_error_text(err.step, sizeof err.step, "exec");
    setpgid(0, 0);
    if (terminal) {
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(0, getpid());
    }
    skiff_reset_signals(false);
    skiff_execute(process->args, process->env, &err);
    skiff_send(SKIFF_PIPE_FD, SKIFF_ERROR, &err, sizeof err, NULL, 0, &ignored);
    return 125;
}

/* Reap whatever ended; true with the exit code when the command itself did. */
static bool reap_ended(pid_t command, int *code)
{
    int status;
    pid_t pid;
    bool ended = false;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != command)
            continue;
        ended = true;
        *code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return ended;
}

bool skiff_reap(const skiff_process *process, bool terminal, skiff_error *err)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    pid_t command = fork();
    if (command < 0)
        return skiff_fail(err, "fork", NULL);
    if (command == 0)
        _exit(start_command(process, terminal));
    close(SKIFF_PIPE_FD); /* the caller takes its end of file for "the command runs" */
    for (int fd = 0; fd < 3; fd++)
        close(fd); /* or a reader would wait for this process's end of the command's pipes */

    int code = 0;
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(&all, &info);
        if (number < 0 && errno != EINTR)
            _exit(125); /* a filter of system calls that forbids it */
        if (number == SIGCHLD) {
            if (reap_ended(command, &code))
                _exit(code);
        } else if (number > 0 && info.si_code != SI_KERNEL) {
            kill(command, number);
        }
    }
}
