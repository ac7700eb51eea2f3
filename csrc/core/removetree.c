#include "removetree.h"
#include "cleanup.h"
#include "rootpath.h"
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* How often a directory is emptied again that somebody fills meanwhile. */
enum { MAX_ROUNDS = 8 };

/* Give ourselves the rights on a directory that its owner took away; false where it is not ours. */
static bool open_up(int fd)
{
    int saved = errno;
    bool done = fchmod(fd, 0700) == 0;
    errno = saved;
    return done;
}

/* unlinkat(2) that gets past a directory without write permission. */
static int unlink_entry(int dir, const char *name, int flags)
{
    if (unlinkat(dir, name, flags) == 0 || errno == ENOENT)
        return 0;
    if (errno == EACCES && open_up(dir) && (unlinkat(dir, name, flags) == 0 || errno == ENOENT))
        return 0;
    return -1;
}

static int open_subdirectory(int dir, const char *name)
{
    int fd = skiff_open_subdirectory(dir, name);
    if (fd >= 0 || errno != EACCES)
        return fd;
    struct stat st;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode) ||
        fchmodat(dir, name, 0700, 0) != 0)
        return -1;
    return skiff_open_subdirectory(dir, name);
}

static bool remove_or_note(void *context, const char *name, unsigned char type, skiff_error *err)
{
    skiff_tree *tree = context;
    if (type != DT_DIR) {
        if (unlink_entry(tree->fd, name, 0) == 0)
            return true;
        if (errno != EISDIR && errno != EPERM) /* POSIX says EPERM for a directory, unlink(2) */
            return skiff_tree_fail(tree, "unlink", name, err);
    }
    if (unlink_entry(tree->fd, name, AT_REMOVEDIR) == 0)
        return true;
    if (errno == ENOTDIR)
        errno = EPERM; /* no directory after all: an immutable or append-only file */
    if (errno != ENOTEMPTY && errno != EEXIST && errno != EACCES)
        return skiff_tree_fail(tree, "rmdir", name, err);
    return skiff_names_add(&skiff_tree_here(tree)->subdirectories, name) ||
           skiff_tree_fail(tree, "realloc", name, err);
}

/* Delete all entries of the current directory but the subdirectories with something in them, which are noted. */
static bool sweep(skiff_tree *tree, skiff_error *err)
{
    if (lseek(tree->fd, 0, SEEK_SET) != 0)
        return skiff_tree_fail(tree, "lseek", NULL, err);
    return skiff_each_entry(tree->fd, remove_or_note, tree, err);
}

static bool go_down(skiff_tree *tree, const char *name, skiff_error *err)
{
    int fd = open_subdirectory(tree->fd, name);
    if (fd < 0)
        return errno == ENOENT || skiff_tree_fail(tree, "openat", name, err);
    return skiff_tree_down(tree, name, fd, err) && sweep(tree, err);
}

static bool go_up(skiff_tree *tree, skiff_error *err)
{
    cleanup_free char *name = NULL;
    if (!skiff_tree_up(tree, &name, err))
        return false;
    /* Not empty again: the caller's next round finds it. */
    return unlink_entry(tree->fd, name, AT_REMOVEDIR) == 0 || errno == ENOTEMPTY ||
           skiff_tree_fail(tree, "rmdir", name, err);
}

static bool empty(int dir, const char *path, skiff_error *err)
{
    cleanup_tree skiff_tree tree = {.fd = -1};
    if (!skiff_tree_open(&tree, dir, path, err) || !sweep(&tree, err))
        return false;
    for (;;) {
        const char *name = skiff_tree_next(&tree);
        if (!name && tree.depth == 1)
            return true;
        if (!(name ? go_down(&tree, name, err) : go_up(&tree, err)))
            return false;
    }
}

bool skiff_remove_tree(int parent, const char *name, skiff_error *err)
{
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return true;
    for (int round = 0; round < MAX_ROUNDS; round++) {
        if (errno == ENOTDIR)
            return unlink_entry(parent, name, 0) == 0 || skiff_fail(err, "unlink", name);
        if (errno != ENOTEMPTY && errno != EEXIST && errno != EACCES)
            return skiff_fail(err, "rmdir", name);
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
            fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return errno == ENOENT || skiff_fail(err, "open", name); /* somebody else was quicker */
        if (!empty(fd, name, err))
            return false;
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return true;
    }
    return skiff_fail(err, "rmdir", name);
}
