#include "directory.h"

#include "cleanup.h"
#include "leftdir.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool join(char *path, const char *directory, const char *name, skiff_error *err)
{
    return (size_t)snprintf(path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX ||
           skiff_fail_with(err, ENAMETOOLONG, "open", directory);
}

static bool write_new(const char *directory, const char *name, const void *bytes, size_t length, skiff_error *err)
{
    char path[PATH_MAX];
    if (!join(path, directory, name, err))
        return false;
    cleanup_fd int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return skiff_fail(err, "open", path);
    for (size_t done = 0; done < length;) {
        ssize_t written = skiff_retry(write(file, (const char *)bytes + done, length - done));
        if (written < 0)
            return skiff_fail(err, "write", path);
        done += (size_t)written;
    }
    return true;
}

bool skiff_make_directory(const skiff_directory *directory, skiff_error *err)
{
    if (directory->left ? !skiff_take_left(directory->left, directory->unfinished, err)
                        : !directory->prepared && mkdir(directory->unfinished, 0700) != 0 &&
                              !skiff_fail(err, "mkdir", directory->path))
        return false;
    if (!write_new(directory->unfinished, "state.json", directory->record, directory->record_length, err))
        return false;
    return rename(directory->unfinished, directory->path) == 0 || skiff_fail(err, "rename", directory->path);
}

/* The program's name stands in parentheses and may hold spaces and parentheses itself. */
bool skiff_start_time(pid_t pid, unsigned long long *ticks, skiff_error *err)
{
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    cleanup_fd int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (length < 0)
        return skiff_fail(err, "open", path);
    text[length] = '\0';
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return (at && sscanf(at, " %llu", ticks) == 1) || skiff_fail_with(err, EPROTO, "read", path);
}

bool skiff_note_init(const skiff_directory *directory, pid_t pid, skiff_error *err)
{
    unsigned long long ticks;
    char text[64];
    if (!skiff_start_time(pid, &ticks, err))
        return false;
    int length = snprintf(text, sizeof text, "%d %llu", (int)pid, ticks);
    return write_new(directory->path, "init", text, (size_t)length, err);
}
