/* The calling thread's blocked signals, and the process's ignored ones. */
#ifndef SKIFF_CORE_SIGNALS_H
#define SKIFF_CORE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Block all of them, and tell in `*before` (or NULL) what was blocked already. Around a clone on the caller's memory:
 * the child begins with them blocked, and no handler of Node's runs there.
 */
static inline void skiff_block_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

/* As they were; leaves errno alone, pthread_sigmask(3). */
static inline void skiff_restore_signals(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* Whether this process ignores no signal but the two that Node does: what it has cloned needs to reset no other one, since
 * execve(2) does so with those that are handled. */
static inline bool skiff_ignores_few(void)
{
    struct sigaction now;
    for (int number = 1; number < 65; number++)
        if (number != SIGPIPE && number != SIGXFSZ && sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
            return false;
    return true;
}

#endif
