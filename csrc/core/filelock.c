#include "filelock.h"
#include "cleanup.h"

#include <fcntl.h>
#include <sys/file.h>

bool skiff_try_lock_file(const char *path, bool shared, int *fd, skiff_error *err)
{
    *fd = -1;
    cleanup_fd int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return skiff_fail(err, "open", path);
    if (skiff_retry(flock(file, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB)) != 0)
        return errno == EWOULDBLOCK || skiff_fail(err, "flock", path);
    *fd = skiff_steal_fd(&file);
    return true;
}
