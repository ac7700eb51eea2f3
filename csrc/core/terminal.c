#include "terminal.h"

#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

/* A file to mount on; /dev is the container's own tmpfs. */
static bool mount_console(const char *slave, skiff_error *err)
{
    cleanup_fd int file = open("/dev/console", O_CREAT | O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
    if (file < 0)
        return skiff_fail(err, "open", "/dev/console");
    return mount(slave, "/dev/console", NULL, MS_BIND, NULL) == 0 || skiff_fail(err, "mount", "/dev/console");
}

bool skiff_open_terminal(uint32_t rows, uint32_t columns, int *master, int *slave, skiff_error *err)
{
    cleanup_fd int made = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (made < 0)
        return skiff_fail(err, "open", "/dev/pts/ptmx");
    int unlock = 0;
    if (ioctl(made, TIOCSPTLCK, &unlock) != 0)
        return skiff_fail(err, "ioctl TIOCSPTLCK", "/dev/pts/ptmx");
    unsigned int number;
    if (ioctl(made, TIOCGPTN, &number) != 0)
        return skiff_fail(err, "ioctl TIOCGPTN", "/dev/pts/ptmx");
    char name[32];
    snprintf(name, sizeof name, "/dev/pts/%u", number);
    cleanup_fd int other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (other < 0)
        return skiff_fail(err, "open", name);
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    if (ioctl(made, TIOCSWINSZ, &size) != 0)
        return skiff_fail(err, "ioctl TIOCSWINSZ", name);
    if (!mount_console(name, err))
        return false;
    *master = skiff_steal_fd(&made);
    *slave = skiff_steal_fd(&other);
    return true;
}
