#include "copyup.h"

#include "cleanup.h"
#include "copytree.h"
#include "meta.h"
#include "removetree.h"
#include "rootpath.h"
#include "tree.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* In a volume's directory: a whole copy whose entries are not all at their place yet. */
static const char copied[] = ".copied";

static void free_names(skiff_names *names)
{
    skiff_names_free(names);
}

#define cleanup_names __attribute__((cleanup(free_names)))

static int open_directory(int parent, const char *name, skiff_error *err)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        skiff_fail(err, "open", name);
    return fd;
}

/* skiff_visit */
static bool add_name(void *context, const char *name, unsigned char type, skiff_error *err)
{
    return skiff_names_add(context, name) || skiff_fail(err, "realloc", name);
}

static bool names_of(int directory, skiff_names *names, skiff_error *err)
{
    /* Reading moves a descriptor's place in the directory: this one is the caller's. */
    cleanup_fd int again = open_directory(directory, ".", err);
    return again >= 0 && skiff_each_entry(again, add_name, names, err);
}

/* 1 where the image has a directory there, open in `*source`; 0 where it has not; -1 with `err`. */
static int find_source(const char *root, const char *path, int *source, skiff_error *err)
{
    cleanup_fd int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0) {
        skiff_fail(err, "open", root);
        return -1;
    }
    *source = skiff_open_in_root(top, path, O_RDONLY | O_DIRECTORY, 0);
    if (*source >= 0)
        return 1;
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
        return 0;
    skiff_fail(err, "openat2", path);
    return -1;
}

static bool copy_aside(int source, const skiff_copy_up *what, int volume, skiff_error *err)
{
    if (mkdir(what->temporary, 0700) != 0)
        return skiff_fail(err, "mkdir", what->temporary);
    cleanup_fd int target = open_directory(AT_FDCWD, what->temporary, err);
    if (target >= 0 && skiff_copy_opened(source, what->path, target, what->temporary, err)) {
        if (renameat(AT_FDCWD, what->temporary, volume, copied) == 0)
            return true;
        skiff_fail(err, "rename", what->temporary);
    }
    skiff_error ignored;
    skiff_remove_tree(AT_FDCWD, what->temporary, &ignored);
    return false;
}

/* What a container that uses the volume already has made there meanwhile stays. */
static bool move_entry(int from, int to, const char *name, skiff_error *err)
{
    return syscall(SYS_renameat2, from, name, to, name, RENAME_NOREPLACE) == 0 || errno == EEXIST ||
           skiff_fail(err, "rename", name);
}

static bool put_in_place(int volume, int data, skiff_error *err)
{
    cleanup_fd int from = open_directory(volume, copied, err);
    cleanup_names skiff_names names = {0};
    struct stat st;
    if (from < 0 || !names_of(from, &names, err))
        return false;
    /* Read first: moving its entries away changes its times. */
    if (fstat(from, &st) != 0)
        return skiff_fail(err, "fstat", copied);
    for (size_t at = 0; at < names.used; at += strlen(names.text + at) + 1)
        if (!move_entry(from, data, names.text + at, err))
            return false;
    return skiff_copy_meta(from, data, ".", &st, err) && skiff_remove_tree(volume, copied, err);
}

bool skiff_copy_into_volume(const char *root, const skiff_copy_up *what, skiff_error *err)
{
    cleanup_fd int volume = open_directory(AT_FDCWD, what->volume, err);
    cleanup_fd int data = volume < 0 ? -1 : open_directory(volume, "_data", err);
    if (data < 0)
        return false;
    if (faccessat(volume, copied, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return put_in_place(volume, data, err);
    cleanup_names skiff_names there = {0};
    if (!names_of(data, &there, err))
        return false;
    cleanup_fd int source = -1;
    int found = there.used > 0 ? 0 : find_source(root, what->path, &source, err);
    if (found <= 0)
        return found == 0;
    return copy_aside(source, what, volume, err) && put_in_place(volume, data, err);
}
