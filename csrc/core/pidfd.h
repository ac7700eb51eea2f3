/* A process by its descriptor, pidfd_open(2): its number cannot come to mean another one. */
#ifndef SKIFF_CORE_PIDFD_H
#define SKIFF_CORE_PIDFD_H

#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* C libraries of before Linux 5.4 name neither. */
#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#define SKIFF_PIDFD_GET_MNT_NAMESPACE _IO(0xFF, 3) /* linux/pidfd.h of 6.11 */

/* The mount namespace of a child that was not waited for; -1 with errno. */
static inline int skiff_open_mount_namespace(int pidfd, pid_t pid)
{
    int opened = ioctl(pidfd, SKIFF_PIDFD_GET_MNT_NAMESPACE, 0);
    if (opened >= 0)
        return opened;
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* False with errno; ESRCH where it has ended and was waited for. Signal 0 only asks. */
static inline bool skiff_pidfd_signal(int pidfd, int number)
{
    return syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) == 0;
}

/*
 * Wait for a child, whatever signal it sends at its end (__WALL), and reap it. `options`: WNOHANG, WNOWAIT, 0. False with errno;
 * with WNOHANG `info->si_pid` is 0 where it still runs.
 */
static inline bool skiff_pidfd_wait(int pidfd, int options, siginfo_t *info)
{
    return skiff_retry(waitid((idtype_t)P_PIDFD, (id_t)pidfd, info, WEXITED | __WALL | options)) == 0;
}

#endif
