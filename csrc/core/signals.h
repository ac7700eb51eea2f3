/* The calling thread's blocked signals. */
#ifndef SKIFF_CORE_SIGNALS_H
#define SKIFF_CORE_SIGNALS_H

#include <signal.h>
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

#endif
