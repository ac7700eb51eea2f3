/* From the init to the command: what process.h has read is what this process is from here on, down to execve. */
#ifndef SKIFF_CORE_BECOME_H
#define SKIFF_CORE_BECOME_H

#include "process.h"

/* Keyring, labels, working directory, user, groups, capabilities, filter of system calls: all but execve. */
bool skiff_become(const skiff_process *process, skiff_error *err);

/* Signals as a fresh process has them: all default, none blocked. Node ignores SIGPIPE and SIGXFSZ, and an ignored signal
 * stays ignored over execve(2). `few`: no other one is, see skiff_ignores_few. */
void skiff_reset_signals(bool few);

/* execve(2), by PATH of the command's own environment where the name has no slash. Returns only on failure:
 * ENOENT "execvpe" not in PATH; "execve" with EISDIR, EACCES, ENOEXEC, ENOENT (no such file, or its interpreter is
 * missing). */
bool skiff_execute(char *const *args, char *const *env, skiff_error *err);

#endif
