#include "trylock.h"

#include "cleanup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

int skiff_try_lock(const char *path, bool shared, skiff_error *err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat opened, there;
    if (fd < 0)
        skiff_fail(err, "open", path);
    else if (skiff_retry(flock(fd, LOCK_NB | (shared ? LOCK_SH : LOCK_EX))) != 0)
        skiff_fail(err, "flock", path);
    else if (fstat(fd, &opened) != 0 || lstat(path, &there) != 0)
        skiff_fail(err, "stat", path);
    else if (opened.st_dev != there.st_dev || opened.st_ino != there.st_ino)
        skiff_fail_with(err, ENOENT, "open", path);
    else
        return skiff_steal_fd(&fd);
    return -1;
}
