#include "tree.h"
#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

bool skiff_names_add(skiff_names *names, const char *name)
{
    size_t size = strlen(name) + 1;
    if (names->used + size > names->room) {
        size_t room = (names->room + size) * 2;
        char *text = realloc(names->text, room);
        if (!text)
            return false;
        names->text = text;
        names->room = room;
    }
    memcpy(names->text + names->used, name, size);
    names->used += size;
    return true;
}

void skiff_names_free(skiff_names *names)
{
    free(names->text);
    *names = (skiff_names){0};
}

static bool push(skiff_tree *tree, const char *name, int fd, skiff_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return skiff_tree_fail(tree, "fstat", name, err);
    if (tree->depth == tree->room) {
        size_t room = tree->room ? tree->room * 2 : 16;
        skiff_level *levels = realloc(tree->levels, room * sizeof *levels);
        if (!levels)
            return skiff_tree_fail(tree, "realloc", name, err);
        tree->levels = levels;
        tree->room = room;
    }
    char *copy = name ? strdup(name) : NULL;
    if (name && !copy)
        return skiff_tree_fail(tree, "strdup", name, err);
    tree->levels[tree->depth++] = (skiff_level){.name = copy, .dev = st.st_dev, .ino = st.st_ino};
    return true;
}

bool skiff_tree_open(skiff_tree *tree, int fd, const char *top, skiff_error *err)
{
    *tree = (skiff_tree){.fd = fd, .top = top};
    return push(tree, NULL, fd, err);
}

void skiff_tree_close(skiff_tree *tree)
{
    for (size_t i = 0; i < tree->depth; i++) {
        free(tree->levels[i].name);
        skiff_names_free(&tree->levels[i].subdirectories);
    }
    free(tree->levels);
    skiff_close_fd(&tree->fd);
    *tree = (skiff_tree){.fd = -1};
}

bool skiff_tree_down(skiff_tree *tree, const char *name, int fd, skiff_error *err)
{
    if (!push(tree, name, fd, err)) {
        close(fd);
        return false;
    }
    close(tree->fd);
    tree->fd = fd;
    return true;
}

bool skiff_tree_up(skiff_tree *tree, char **name, skiff_error *err)
{
    cleanup_fd int parent = openat(tree->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;
    if (parent < 0 || fstat(parent, &st) != 0)
        return skiff_tree_fail(tree, "openat", "..", err);
    const skiff_level *above = &tree->levels[tree->depth - 2];
    if (st.st_dev != above->dev || st.st_ino != above->ino) {
        errno = ESTALE; /* moved while we were in it: what is above it now is none of our business */
        return skiff_tree_fail(tree, "openat", "..", err);
    }
    skiff_level *left = &tree->levels[--tree->depth];
    *name = left->name;
    skiff_names_free(&left->subdirectories);
    close(tree->fd);
    tree->fd = skiff_steal_fd(&parent);
    return true;
}

skiff_level *skiff_tree_here(skiff_tree *tree)
{
    return &tree->levels[tree->depth - 1];
}

const char *skiff_tree_next(skiff_tree *tree)
{
    skiff_level *here = skiff_tree_here(tree);
    if (here->next >= here->subdirectories.used)
        return NULL;
    const char *name = here->subdirectories.text + here->next;
    here->next += strlen(name) + 1;
    return name;
}

bool skiff_tree_fail(const skiff_tree *tree, const char *call, const char *name, skiff_error *err)
{
    int errnum = errno;
    size_t size = strlen(tree->top) + (name ? strlen(name) : 0) + 2;
    for (size_t i = 1; i < tree->depth; i++)
        size += strlen(tree->levels[i].name) + 1;
    cleanup_free char *path = malloc(size);
    if (!path)
        return skiff_fail_with(err, errnum, call, name ? name : tree->top);
    char *end = stpcpy(path, tree->top);
    for (size_t i = 1; i < tree->depth; i++)
        end = stpcpy(stpcpy(end, "/"), tree->levels[i].name);
    if (name)
        stpcpy(stpcpy(end, "/"), name);
    return skiff_fail_with(err, errnum, call, path);
}

/* getdents64(2) itself and not opendir(3): it neither takes the descriptor over nor needs an allocation. */
struct linux_dirent64 {
    uint64_t d_ino;
    int64_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[];
};

bool skiff_each_entry(int fd, skiff_visit *visit, void *context, skiff_error *err)
{
    char buffer[32768] __attribute__((aligned(8)));
    for (;;) {
        long got = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
        /* ENOENT: the directory itself was removed meanwhile, so nothing is in it any more; readdir(3) of glibc says so too */
        if (got == 0 || (got < 0 && errno == ENOENT))
            return true;
        if (got < 0)
            return skiff_fail(err, "getdents64", "");
        for (long at = 0; at < got;) {
            const struct linux_dirent64 *entry = (const void *)(buffer + at);
            at += entry->d_reclen;
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
            if (!visit(context, entry->d_name, entry->d_type, err))
                return false;
        }
    }
}
