#include "files.h"

#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORY_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* Go one directory further down; it is made where it is missing. */
static bool enter(int *directory, const char *name, const skiff_file *file, skiff_error *err)
{
    int next = openat(*directory, name, DIRECTORY_FLAGS);
    if (next < 0 && errno == ENOENT) {
        if (mkdirat(*directory, name, 0755) != 0 ||
            fchownat(*directory, name, file->uid, file->gid, AT_SYMLINK_NOFOLLOW) != 0)
            return skiff_fail(err, "mkdir", file->path);
        next = openat(*directory, name, DIRECTORY_FLAGS);
    }
    if (next < 0)
        return skiff_fail(err, "open", file->path);
    close(*directory);
    *directory = next;
    return true;
}

/* `name` receives the last part of the path. */
static bool enter_parent(int *directory, char name[NAME_MAX + 1], const skiff_file *file, skiff_error *err)
{
    const char *at = file->path;
    for (;;) {
        at += strspn(at, "/");
        size_t length = strcspn(at, "/");
        if (length == 0 || length > NAME_MAX)
            return skiff_fail_with(err, length == 0 ? EISDIR : ENAMETOOLONG, "open", file->path);
        memcpy(name, at, length);
        name[length] = '\0';
        at += length;
        if (*at == '\0')
            return true;
        if (!enter(directory, name, file, err))
            return false;
    }
}

static bool write_all(int fd, const skiff_file *file, skiff_error *err)
{
    for (size_t done = 0; done < file->length;) {
        ssize_t written = skiff_retry(write(fd, (const char *)file->bytes + done, file->length - done));
        if (written < 0)
            return skiff_fail(err, "write", file->path);
        done += (size_t)written;
    }
    return true;
}

bool skiff_write_file(const skiff_file *file, skiff_error *err)
{
    char name[NAME_MAX + 1];
    cleanup_fd int directory = open("/", DIRECTORY_FLAGS);
    if (directory < 0)
        return skiff_fail(err, "open", "/");
    if (!enter_parent(&directory, name, file, err))
        return false;
    /* An image's FIFO would be waited at, without O_NONBLOCK. */
    cleanup_fd int fd = openat(directory, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0)
        return skiff_fail(err, "open", file->path);
    if (!S_ISREG(about.st_mode))
        return skiff_fail_with(err, EEXIST, "open", file->path);
    if (ftruncate(fd, 0) != 0)
        return skiff_fail(err, "ftruncate", file->path);
    if (!write_all(fd, file, err))
        return false;
    return (fchown(fd, file->uid, file->gid) == 0 && fchmod(fd, file->mode & 0777) == 0) ||
           skiff_fail(err, "fchmod", file->path);
}
