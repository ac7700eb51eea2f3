/* The user namespace that an unprivileged user's containers share, with a mount namespace of its own: kept by a process
 * that does nothing else, and entered by the command line before anything of it works. */
#ifndef SKIFF_INIT_ENTER_H
#define SKIFF_INIT_ENTER_H

/*
 * Make both namespaces and keep them. On SKIFF_PIPE_FD, a stream socket, one byte is sent when the user namespace is
 * there, one is awaited when its ids are mapped, and one is sent when all is ready. Returns an exit code on failure only.
 */
int skiff_hold(void);

/*
 * Join the namespaces that the process PID keeps, whose user namespace must have that inode, as their root, in the same
 * working directory. Returns 0, or an exit code where it has told on stderr what failed.
 */
int skiff_enter_namespaces(const char *pid, const char *inode);

/*
 * skiff-enter PID INODE PROGRAM ARG...: the same, and become PROGRAM there. Returns an exit code on failure only.
 */
int skiff_enter(char **argv);

#endif
