#include "copytree.h"
#include "cleanup.h"
#include "copyfile.h"
#include "linktable.h"
#include "meta.h"
#include "removetree.h"
#include "rootpath.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Two trees walked in step: each level of one is the level of the other. */
typedef struct copier {
    skiff_tree from, to;
    int root; /* the target's top, for links */
    skiff_links links;
    const skiff_inode *skip;
    size_t skip_count;
} copier;

static void close_copier(copier *c)
{
    skiff_tree_close(&c->from);
    skiff_tree_close(&c->to);
    skiff_close_fd(&c->root);
    skiff_links_free(&c->links);
}

#define cleanup_copier __attribute__((cleanup(close_copier)))

static bool is_skipped(const copier *c, dev_t dev, ino_t ino)
{
    for (size_t i = 0; i < c->skip_count; i++)
        if (c->skip[i].dev == dev && c->skip[i].ino == ino)
            return true;
    return false;
}

/* Where `name` of the current directory is, below the target's top; NULL when memory is short. */
static char *path_below(const copier *c, const char *name)
{
    size_t size = strlen(name) + 1;
    for (size_t i = 1; i < c->to.depth; i++)
        size += strlen(c->to.levels[i].name) + 1;
    char *path = malloc(size), *end = path;
    if (!path)
        return NULL;
    for (size_t i = 1; i < c->to.depth; i++)
        end = stpcpy(stpcpy(end, c->to.levels[i].name), "/");
    stpcpy(end, name);
    return path;
}

/* ---- Entries ---- */

static bool copy_file(copier *c, const char *name, const struct stat *st, skiff_error *err)
{
    cleanup_fd int from = openat(c->from.fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (from < 0)
        return skiff_tree_fail(&c->from, "open", name, err);
    cleanup_fd int to = openat(c->to.fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return skiff_tree_fail(&c->to, "open", name, err);
    return skiff_copy_contents(from, to, st->st_size) || skiff_tree_fail(&c->to, "copy", name, err);
}

static bool copy_symlink(copier *c, const char *name, skiff_error *err)
{
    char target[4097];
    ssize_t length = readlinkat(c->from.fd, name, target, sizeof target - 1);
    if (length < 0)
        return skiff_tree_fail(&c->from, "readlink", name, err);
    target[length] = '\0';
    return symlinkat(target, c->to.fd, name) == 0 || skiff_tree_fail(&c->to, "symlink", name, err);
}

/* True in `*linked` when the file was copied under another name and is now linked to that. */
static bool link_again(copier *c, const char *name, const struct stat *st, bool *linked, skiff_error *err)
{
    *linked = false;
    if (st->st_nlink < 2)
        return true;
    const char *first = skiff_links_find(&c->links, st->st_dev, st->st_ino);
    if (first) {
        *linked = linkat(c->root, first, c->to.fd, name, 0) == 0;
        /* EMLINK, or a path too long to name from the top: a copy of its own is as good as it gets. */
        return *linked || errno == EMLINK || errno == ENAMETOOLONG ||
               skiff_tree_fail(&c->to, "link", name, err);
    }
    cleanup_free char *path = path_below(c, name);
    return (path && skiff_links_add(&c->links, st->st_dev, st->st_ino, path)) ||
           skiff_tree_fail(&c->to, "malloc", name, err);
}

static bool copy_entry(copier *c, const char *name, const struct stat *st, skiff_error *err)
{
    bool linked;
    if (!link_again(c, name, st, &linked, err))
        return false;
    if (linked)
        return true;
    bool made = S_ISREG(st->st_mode)   ? copy_file(c, name, st, err)
                : S_ISLNK(st->st_mode) ? copy_symlink(c, name, err)
                : mknodat(c->to.fd, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) == 0
                    ? true
                    : skiff_tree_fail(&c->to, "mknod", name, err);
    return made && skiff_copy_meta(c->from.fd, c->to.fd, name, st, err);
}

static bool is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* skiff_visit: copy what is no directory, note what is one. */
static bool copy_or_note(void *context, const char *name, unsigned char type, skiff_error *err)
{
    copier *c = context;
    struct stat st, old;
    if (fstatat(c->from.fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || skiff_tree_fail(&c->from, "lstat", name, err);
    if (fstatat(c->to.fd, name, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
        !(S_ISDIR(st.st_mode) && S_ISDIR(old.st_mode)) && !skiff_remove_tree(c->to.fd, name, err))
        return false;
    if (S_ISDIR(st.st_mode))
        return skiff_names_add(&skiff_tree_here(&c->from)->subdirectories, name) ||
               skiff_tree_fail(&c->from, "realloc", name, err);
    if (is_whiteout(&st) || copy_entry(c, name, &st, err))
        return true;
    /* A layer that is in use, such as the host's "/", loses temporary files while it is copied. */
    return err->errnum == ENOENT && fstatat(c->from.fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

/* ---- Directories ---- */

/* A directory that is not gone into keeps its place, empty. */
static bool leave_empty(copier *c, const char *name, skiff_error *err)
{
    struct stat st;
    if (fstatat(c->from.fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || skiff_tree_fail(&c->from, "lstat", name, err);
    return fchmodat(c->to.fd, name, st.st_mode & 07777, 0) == 0 || skiff_tree_fail(&c->to, "chmod", name, err);
}

static bool is_opaque(int parent, const char *name)
{
    return skiff_has_xattr(parent, name, "trusted.overlay.opaque", "y") ||
           skiff_has_xattr(parent, name, "user.overlay.opaque", "y");
}

static bool go_down(copier *c, const char *name, skiff_error *err)
{
    if (is_opaque(c->from.fd, name) && !skiff_remove_tree(c->to.fd, name, err))
        return false;
    if (mkdirat(c->to.fd, name, 0700) != 0 && errno != EEXIST)
        return skiff_tree_fail(&c->to, "mkdir", name, err);
    cleanup_fd int from = skiff_open_subdirectory(c->from.fd, name);
    struct stat st;
    if (from < 0)
        return errno == EXDEV || errno == ENOENT ? leave_empty(c, name, err)
                                                 : skiff_tree_fail(&c->from, "open", name, err);
    if (fstat(from, &st) != 0)
        return skiff_tree_fail(&c->from, "fstat", name, err);
    if (is_skipped(c, st.st_dev, st.st_ino))
        return leave_empty(c, name, err);
    int to = skiff_open_subdirectory(c->to.fd, name);
    if (to < 0)
        return skiff_tree_fail(&c->to, "open", name, err);
    /* `name` is in the list of the level we leave; both levels copy it. */
    return skiff_tree_down(&c->to, name, to, err) && skiff_tree_down(&c->from, name, skiff_steal_fd(&from), err) &&
           skiff_each_entry(c->from.fd, copy_or_note, c, err);
}

/* Owner, mode and times come last: a directory without write permission must be filled first. */
static bool finish_directory(copier *c, skiff_error *err)
{
    struct stat st;
    if (fstat(c->from.fd, &st) != 0)
        return skiff_tree_fail(&c->from, "fstat", NULL, err);
    return skiff_copy_meta(c->from.fd, c->to.fd, ".", &st, err);
}

static bool go_up(copier *c, skiff_error *err)
{
    cleanup_free char *left = NULL, *same = NULL;
    return finish_directory(c, err) && skiff_tree_up(&c->from, &left, err) && skiff_tree_up(&c->to, &same, err);
}

/* The trees own descriptors of their own. */
static bool begin(copier *c, int source, const char *source_name, int target, const char *target_name, skiff_error *err)
{
    int from = openat(source, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from < 0)
        return skiff_fail(err, "open", source_name);
    if (!skiff_tree_open(&c->from, from, source_name, err))
        return false;
    int to = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to < 0)
        return skiff_fail(err, "open", target_name);
    if (!skiff_tree_open(&c->to, to, target_name, err))
        return false;
    c->root = fcntl(to, F_DUPFD_CLOEXEC, 3);
    return c->root >= 0 || skiff_fail(err, "fcntl", target_name);
}

static bool copy_all(copier *c, skiff_error *err)
{
    if (!skiff_each_entry(c->from.fd, copy_or_note, c, err))
        return false;
    for (;;) {
        const char *name = skiff_tree_next(&c->from);
        if (!name && c->from.depth == 1)
            return finish_directory(c, err);
        if (!(name ? go_down(c, name, err) : go_up(c, err)))
            return false;
    }
}

bool skiff_copy_tree(const char *source, const char *target, const skiff_inode *skip, size_t skip_count,
                     skiff_error *err)
{
    cleanup_copier copier c = {
        .from.fd = -1, .to.fd = -1, .root = -1, .skip = skip, .skip_count = skip_count};
    cleanup_fd int from = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (from < 0)
        return skiff_fail(err, "open", source);
    cleanup_fd int to = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (to < 0)
        return skiff_fail(err, "open", target);
    return begin(&c, from, source, to, target, err) && copy_all(&c, err);
}

bool skiff_copy_opened(int source, const char *source_name, int target, const char *target_name, skiff_error *err)
{
    cleanup_copier copier c = {.from.fd = -1, .to.fd = -1, .root = -1};
    return begin(&c, source, source_name, target, target_name, err) && copy_all(&c, err);
}
