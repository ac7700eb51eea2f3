#include "procfs.h"

#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

bool skiff_write_proc(const char *path, const char *value, size_t length, skiff_error *err)
{
    cleanup_fd int file = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return skiff_fail(err, "open", path);
    struct statfs about;
    if (fstatfs(file, &about) != 0)
        return skiff_fail(err, "fstatfs", path);
    if (about.f_type != PROC_SUPER_MAGIC)
        return skiff_fail_with(err, ENOTSUP, "open", path);
    return write(file, value, length) == (ssize_t)length || skiff_fail(err, "write", path);
}
