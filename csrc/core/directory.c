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

static bool write_all(int file, const char *path, const skiff_directory *directory, skiff_error *err)
{
    const char *bytes = directory->record;
    for (size_t done = 0; done < directory->record_length;) {
        ssize_t written = skiff_retry(write(file, bytes + done, directory->record_length - done));
        if (written < 0)
            return skiff_fail(err, "write", path);
        done += (size_t)written;
    }
    struct stat about;
    if (fstat(file, &about) != 0)
        return skiff_fail(err, "fstat", path);
    /* It is another container's who has left its directory, and was longer. */
    return (size_t)about.st_size <= directory->record_length ||
           ftruncate(file, (off_t)directory->record_length) == 0 || skiff_fail(err, "ftruncate", path);
}

static bool write_record(const skiff_directory *directory, skiff_error *err)
{
    char path[PATH_MAX];
    if (!join(path, directory->unfinished, "state.json", err))
        return false;
    cleanup_fd int file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return skiff_fail(err, "open", path);
    return write_all(file, path, directory, err);
}

bool skiff_make_directory(const skiff_directory *directory, skiff_error *err)
{
    if (directory->left ? !skiff_take_left(directory->left, directory->unfinished, err)
                        : !directory->prepared && mkdir(directory->unfinished, 0700) != 0 &&
                              !skiff_fail(err, "mkdir", directory->path))
        return false;
    if (!write_record(directory, err))
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

/* Where the spaces of a record begin; -1 where it has none. */
static off_t place_of_init(const skiff_directory *directory)
{
    static const char end[] = "\"}";
    size_t tail = SKIFF_INIT_ROOM + sizeof end - 1;
    const char *record = directory->record;
    if (directory->record_length < tail)
        return -1;
    size_t place = directory->record_length - tail;
    bool there = strspn(record + place, " ") >= SKIFF_INIT_ROOM;
    return there ? (off_t)place : -1;
}

bool skiff_note_init(const skiff_directory *directory, pid_t pid, unsigned long long ticks, skiff_error *err)
{
    char text[SKIFF_INIT_ROOM], path[PATH_MAX];
    off_t place = place_of_init(directory);
    if (place < 0)
        return skiff_fail_with(err, EINVAL, "pwrite", "a record without room for its init");
    if ((ticks == 0 && !skiff_start_time(pid, &ticks, err)) || !join(path, directory->path, "state.json", err))
        return false;
    /* The full stop tells whoever reads at the same time that this is all of it. */
    int length = snprintf(text, sizeof text, "%d %llu.", (int)pid, ticks);
    cleanup_fd int file = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return skiff_fail(err, "open", path);
    return skiff_retry(pwrite(file, text, (size_t)length, place)) == length || skiff_fail(err, "pwrite", path);
}
