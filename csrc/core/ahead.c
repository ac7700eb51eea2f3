#include "ahead.h"

#include "cleanup.h"
#include "leftdir.h"
#include "mountapi.h"
#include "removetree.h"
#include "shiftedmount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* ---- Making ---- */

static bool remove_layer(const skiff_union *what, skiff_error *err)
{
    return skiff_remove_tree(AT_FDCWD, what->upper, err) && skiff_remove_tree(AT_FDCWD, what->work, err);
}

static bool make_directories(const skiff_ahead *ahead, const char *used, skiff_error *err)
{
    if (used ? !skiff_take_left(used, ahead->directory, err)
             : mkdir(ahead->directory, 0700) != 0 && !skiff_fail(err, "mkdir", ahead->directory))
        return false;
    const char *mount_point = ahead->workspace->what.target;
    if (!skiff_make_write_layer(ahead->workspace, err))
        return false;
    return mkdir(mount_point, 0700) == 0 || errno == EEXIST || skiff_fail(err, "mkdir", mount_point);
}

static bool mount_layers(skiff_ahead *ahead, skiff_error *err)
{
    const skiff_union *what = &ahead->workspace->what;
    ahead->layers = calloc(what->layer_count + 1, sizeof *ahead->layers);
    if (!ahead->layers)
        return skiff_fail(err, "calloc", NULL);
    for (size_t i = 0; i < what->layer_count; i++)
        ahead->layers[i] = skiff_state_of(what->layers[i]);
    return skiff_is_shifted(&ahead->ids)
               ? skiff_open_shifted_overlay(what, &ahead->ids, ahead->user_namespace, &ahead->mount, err)
               : skiff_open_overlay(what, &ahead->mount, err);
}

bool skiff_prepare(skiff_ahead *ahead, const char *used, bool mount, skiff_error *err)
{
    skiff_error unmounted = {0};
    ahead->mount = -1;
    if (!make_directories(ahead, used, err))
        return false;
    /* Where the kernel cannot, the start mounts them its own way, and tells what is wrong: with a write layer that no
     * overlay has had, not even one of which the mount alone was missing (a volatile one leaves a mark). */
    if (mount && !mount_layers(ahead, &unmounted) &&
        (!remove_layer(&ahead->workspace->what, err) || !skiff_make_write_layer(ahead->workspace, err)))
        return false;
    return skiff_make_cgroups(ahead->cgroups, ahead->cgroup_count, err);
}

void skiff_close_ahead(skiff_ahead *ahead)
{
    skiff_close_fd(&ahead->mount);
    ahead->mount = -1;
    free(ahead->layers);
    ahead->layers = NULL;
}

bool skiff_discard(skiff_ahead *ahead)
{
    skiff_error unused = {0};
    bool gone = true;
    skiff_close_ahead(ahead);
    for (size_t i = 0; i < ahead->cgroup_count; i++)
        if (ahead->cgroups[i].made)
            gone &= rmdir(ahead->cgroups[i].path) == 0 || errno == ENOENT;
    return skiff_remove_tree(AT_FDCWD, ahead->directory, &unused) && gone;
}

/* ---- Taking ---- */

static bool is_mounted(const skiff_ahead *ahead, const skiff_id_range *ids)
{
    const skiff_union *what = &ahead->workspace->what;
    if (ahead->mount < 0 || !skiff_same_ids(&ahead->ids, ids))
        return false;
    for (size_t i = 0; i < what->layer_count; i++) {
        skiff_file_state now = skiff_state_of(what->layers[i]);
        if (!skiff_same_state(&now, &ahead->layers[i]))
            return false;
    }
    return true;
}

bool skiff_take_workspace(skiff_ahead *ahead, const skiff_id_range *ids, int user_namespace, skiff_error *err)
{
    const skiff_workspace *workspace = ahead->workspace;
    const char *target = workspace->what.target;
    if (is_mounted(ahead, ids) &&
        syscall(SKIFF_SYS_move_mount, ahead->mount, "", AT_FDCWD, target, SKIFF_MOVE_MOUNT_F_EMPTY_PATH) == 0)
        return true;
    /* A write layer can be mounted once: it is marked as one that need not reach the disk. */
    bool was_mounted = ahead->mount >= 0;
    skiff_close_ahead(ahead);
    if (was_mounted ? !remove_layer(&workspace->what, err) || !skiff_make_write_layer(workspace, err)
                    : !skiff_own_write_layer(workspace, err))
        return false;
    return skiff_make_mount_point(workspace, ids, user_namespace, err);
}
