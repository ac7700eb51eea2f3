#include "leftdir.h"

#include "cleanup.h"
#include "removetree.h"
#include "tree.h"
#include "unionmount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of a write layer: directories, as those that something was mounted on; nothing that was written is kept any longer. */
enum { MAX_DIRECTORIES = 16, MAX_DEPTH = 4 };

typedef struct few {
    int parent, depth;
    int *more; /* so many may follow */
} few;

static bool holds_few_directories(int parent, const char *name, int depth, int *more);

static bool is_one_of_few(void *context, const char *name, unsigned char type, skiff_error *err)
{
    const few *in = context;
    (void)err;
    return type == DT_DIR && (*in->more)-- > 0 && holds_few_directories(in->parent, name, in->depth + 1, in->more);
}

static bool holds_few_directories(int parent, const char *name, int depth, int *more)
{
    skiff_error unread;
    if (depth > MAX_DEPTH)
        return false;
    cleanup_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    few in = {.parent = fd, .depth = depth, .more = more};
    return fd >= 0 && skiff_each_entry(fd, is_one_of_few, &in, &unread);
}

bool skiff_leave_for_next(const char *directory, const char *used)
{
    int more = MAX_DIRECTORIES;
    cleanup_fd int dir = open(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return dir >= 0 && holds_few_directories(dir, "writeLayer", 0, &more) && rename(directory, used) == 0;
}

bool skiff_take_left(const char *left, const char *directory, skiff_error *err)
{
    if (rename(left, directory) != 0)
        return skiff_fail(err, "rename", left);
    skiff_remove_work(directory);
    cleanup_fd int dir = open(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return skiff_fail(err, "open", directory);
    /* Somebody's copy of the mount may keep the overlay alive, which has its work directory for itself. */
    return skiff_remove_tree(dir, "writeLayer", err) && skiff_remove_tree(dir, "work", err);
}
