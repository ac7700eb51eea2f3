#include "workspace.h"

#include "cleanup.h"
#include "copytree.h"
#include "fusemount.h"

#include <sys/stat.h>

bool skiff_copy_layers(const char *const *layers, size_t count, const char *target, const char *const *skip,
                       size_t skip_count, skiff_error *err)
{
    size_t skipped = 0;
    cleanup_free skiff_inode *inodes = calloc(skip_count + 1, sizeof *inodes);
    if (!inodes)
        return skiff_fail(err, "calloc", NULL);
    for (size_t i = 0; i < skip_count; i++) {
        struct stat st;
        if (stat(skip[i], &st) == 0)
            inodes[skipped++] = (skiff_inode){st.st_dev, st.st_ino};
    }
    for (size_t i = count; i > 0; i--)
        if (!skiff_copy_tree(layers[i - 1], target, inodes, skipped, err))
            return false;
    return true;
}

static bool take_after(const char *directory, const char *layer, skiff_error *err)
{
    struct stat top;
    if (stat(layer, &top) != 0)
        return skiff_fail(err, "stat", layer);
    if ((top.st_uid != geteuid() || top.st_gid != getegid()) && chown(directory, top.st_uid, top.st_gid) != 0)
        return skiff_fail(err, "chown", directory);
    return chmod(directory, top.st_mode & 07777) == 0 || skiff_fail(err, "chmod", directory);
}

bool skiff_make_write_layer(const skiff_workspace *workspace, skiff_error *err)
{
    const skiff_union *what = &workspace->what;
    if (mkdir(what->upper, 0755) != 0)
        return skiff_fail(err, "mkdir", what->upper);
    if (workspace->kind == SKIFF_WORKSPACE_COPY)
        return skiff_copy_layers(what->layers, what->layer_count, what->upper, workspace->skip, workspace->skip_count,
                                 err);
    if (what->work && mkdir(what->work, 0700) != 0)
        return skiff_fail(err, "mkdir", what->work);
    return what->layer_count == 0 || take_after(what->upper, what->layers[0], err);
}

bool skiff_make_mount_point(const skiff_workspace *workspace, skiff_error *err)
{
    const skiff_union *what = &workspace->what;
    if (mkdir(what->target, 0700) != 0 && errno != EEXIST)
        return skiff_fail(err, "mkdir", what->target);
    switch (workspace->kind) {
    case SKIFF_WORKSPACE_OVERLAY:
        return skiff_mount_overlay(what, err);
    case SKIFF_WORKSPACE_AUFS:
        return skiff_mount_aufs(what, err);
    case SKIFF_WORKSPACE_COPY:
        return skiff_mount_bind(what->upper, what->target, err);
    case SKIFF_WORKSPACE_FUSE:
        return skiff_mount_fuse(what, err);
    }
    return skiff_fail_with(err, EINVAL, "mount", what->target);
}
