/* PID 1 for a command that is not made to be it: reaps zombies, forwards signals; pid_namespaces(7). */
#ifndef SKIFF_INIT_REAPER_H
#define SKIFF_INIT_REAPER_H

#include "../core/process.h"

/* Start the command as a child and stay. Ends this process with the command's exit code, 128+n where signal n ended
 * it; returns false only when the command could not be started. */
bool skiff_reap(const skiff_process *process, bool terminal, skiff_error *err);

#endif
