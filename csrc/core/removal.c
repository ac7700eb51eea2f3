#include "removal.h"

#include "cleanup.h"
#include "leftdir.h"
#include "removetree.h"
#include "unionmount.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool remove_cgroup(const char *path, bool *busy, skiff_error *err)
{
    *busy = false;
    if (rmdir(path) == 0 || errno == ENOENT)
        return true;
    /* In an outer container cgroups may be read-only: rmdir(2) says so of one that was never made, too. */
    if (errno == EROFS && access(path, F_OK) != 0)
        return true;
    *busy = errno == EBUSY || errno == ENOTEMPTY;
    return *busy || skiff_fail(err, "rmdir", path);
}

void skiff_end_mounts(int namespace_fd, const char *container, const char *mount_point)
{
    skiff_error ignored = {0};
    skiff_close_fd(&namespace_fd);
    if (mount_point && skiff_unmount(mount_point, &ignored))
        skiff_remove_work(container);
}

bool skiff_remove_container(const skiff_removal *removal, bool *busy, bool *left, skiff_marks *marks, skiff_error *err)
{
    bool any_busy = false;
    *left = false;
    skiff_mark_step(marks, "");
    if (removal->mounts >= 0) {
        close(removal->mounts);
        skiff_mark_step(marks, "mount namespace");
    }
    skiff_error_text(err->step, sizeof err->step, "remove");
    for (size_t i = 0; i < removal->cgroup_count; i++) {
        if (!remove_cgroup(removal->cgroups[i], &busy[i], err))
            return false;
        any_busy |= busy[i];
    }
    skiff_mark_step(marks, "remove cgroup");
    /* The record goes last: it is by what a later command finds the rest, should the caller be killed now. */
    if (any_busy)
        return true;
    if (!skiff_unmount(removal->mount_point, err))
        return false;
    skiff_mark_step(marks, "unmount");
    *left = removal->used && skiff_leave_for_next(removal->trees[0], removal->used);
    for (size_t i = *left; i < removal->tree_count; i++) {
        skiff_remove_work(removal->trees[i]);
        if (!skiff_remove_tree(AT_FDCWD, removal->trees[i], err))
            return false;
    }
    skiff_mark_step(marks, "remove directories");
    return true;
}
