#include "workspace.h"

#include "cleanup.h"
#include "copytree.h"
#include "fusemount.h"
#include "shiftedmount.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mount.h>
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

/* An inode costs the kernel memory, too: as many as there would be files of one page. */
static const uint64_t BYTES_PER_INODE = 4096, FEWEST_INODES = 1024;

/* The union is mounted on top of it, and skiff_unmount takes both off. */
static bool mount_bounded(const char *target, uint64_t size, skiff_error *err)
{
    char options[96];
    uint64_t inodes = size / BYTES_PER_INODE;
    if (inodes < FEWEST_INODES)
        inodes = FEWEST_INODES;
    snprintf(options, sizeof options, "mode=0700,size=%" PRIu64 ",nr_inodes=%" PRIu64, size, inodes);
    if (mkdir(target, 0700) != 0 && errno != EEXIST)
        return skiff_fail(err, "mkdir", target);
    return mount("skiff", target, "tmpfs", 0, options) == 0 || skiff_fail(err, "mount", target);
}

bool skiff_own_write_layer(const skiff_workspace *workspace, skiff_error *err)
{
    const skiff_union *what = &workspace->what;
    return what->layer_count == 0 || take_after(what->upper, what->layers[0], err);
}

bool skiff_make_write_layer(const skiff_workspace *workspace, skiff_error *err)
{
    const skiff_union *what = &workspace->what;
    if (workspace->size > 0 && !mount_bounded(what->target, workspace->size, err))
        return false;
    if (mkdir(what->upper, 0755) != 0)
        return skiff_fail(err, "mkdir", what->upper);
    if (workspace->kind == SKIFF_WORKSPACE_COPY)
        return skiff_copy_layers(what->layers, what->layer_count, what->upper, workspace->skip, workspace->skip_count,
                                 err);
    if (what->work && mkdir(what->work, 0700) != 0)
        return skiff_fail(err, "mkdir", what->work);
    return skiff_own_write_layer(workspace, err);
}

bool skiff_mount_union(const skiff_workspace *workspace, skiff_error *err)
{
    const skiff_union *what = &workspace->what;
    switch (workspace->kind) {
    case SKIFF_WORKSPACE_OVERLAY:
        return skiff_mount_overlay(what, err);
    case SKIFF_WORKSPACE_AUFS:
        return skiff_mount_aufs(what, err);
    case SKIFF_WORKSPACE_COPY:
        return skiff_mount_bind(what->upper, what->target, err);
    case SKIFF_WORKSPACE_FUSE:
        return skiff_mount_fuse(what, NULL, err);
    }
    return skiff_fail_with(err, EINVAL, "mount", what->target);
}

bool skiff_make_mount_point(const skiff_workspace *workspace, const skiff_id_range *ids, int user_namespace,
                            skiff_error *err)
{
    if (mkdir(workspace->what.target, 0700) != 0 && errno != EEXIST)
        return skiff_fail(err, "mkdir", workspace->what.target);
    if (user_namespace >= 0 && skiff_is_shifted(ids))
        return skiff_mount_shifted(workspace, ids, user_namespace, err);
    return skiff_mount_union(workspace, err);
}
