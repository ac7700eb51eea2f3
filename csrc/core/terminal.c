#include "terminal.h"

#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

#define PTMX "/dev/pts/ptmx"

bool skiff_open_terminal(uint32_t rows, uint32_t columns, int *master, int *slave, skiff_error *err)
{
    cleanup_fd int made = open(PTMX, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (made < 0)
        return skiff_fail(err, "open", PTMX);
    int unlock = 0;
    if (ioctl(made, TIOCSPTLCK, &unlock) != 0)
        return skiff_fail(err, "ioctl TIOCSPTLCK", PTMX);
    cleanup_fd int other = ioctl(made, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (other < 0)
        return skiff_fail(err, "ioctl TIOCGPTPEER", PTMX);
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    if (ioctl(made, TIOCSWINSZ, &size) != 0)
        return skiff_fail(err, "ioctl TIOCSWINSZ", PTMX);
    *master = skiff_steal_fd(&made);
    *slave = skiff_steal_fd(&other);
    return true;
}

bool skiff_mount_console(int master, skiff_error *err)
{
    unsigned int number;
    if (ioctl(master, TIOCGPTN, &number) != 0)
        return skiff_fail(err, "ioctl TIOCGPTN", PTMX);
    char slave[32];
    snprintf(slave, sizeof slave, "/dev/pts/%u", number);
    /* A file to mount on; /dev is the container's own tmpfs. */
    cleanup_fd int file = open("/dev/console", O_CREAT | O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
    if (file < 0)
        return skiff_fail(err, "open", "/dev/console");
    return mount(slave, "/dev/console", NULL, MS_BIND, NULL) == 0 || skiff_fail(err, "mount", "/dev/console");
}
