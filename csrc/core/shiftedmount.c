#include "shiftedmount.h"

#include "cleanup.h"
#include "fusemount.h"
#include "mountapi.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>

enum { NAME = 320 }; /* "/proc/self/fd/N/" and a name in a directory */

/* The directories of a union as shifted mounts that nobody else sees: each layer, and the one that holds write layer and
 * work directory, which overlay wants on one mount. */
typedef struct shifted {
    int *trees; /* the last is of the write layer */
    char (*names)[NAME];
    const char **layers;
    size_t count;
    char upper[NAME], work[NAME];
} shifted;

static void close_shifted(shifted *s)
{
    for (size_t i = 0; s->trees && i < s->count; i++)
        skiff_close_fd(&s->trees[i]);
    free(s->trees);
    free(s->names);
    free(s->layers);
}

static bool open_one(shifted *s, const char *path, int user_namespace, skiff_error *err)
{
    int tree = skiff_open_shifted(path, user_namespace, err);
    if (tree < 0)
        return false;
    snprintf(s->names[s->count], NAME, "/proc/self/fd/%d", tree);
    s->layers[s->count] = s->names[s->count];
    s->trees[s->count++] = tree;
    return true;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool parent_of(const char *path, char parent[PATH_MAX], skiff_error *err)
{
    size_t length = (size_t)(base_name(path) - path);
    if (length >= PATH_MAX || length < 2)
        return skiff_fail_with(err, EINVAL, "open_tree", path);
    memcpy(parent, path, length - 1);
    parent[length - 1] = '\0';
    return true;
}

static bool open_shifted(shifted *s, const skiff_union *what, int user_namespace, skiff_error *err)
{
    char parent[PATH_MAX];
    size_t all = what->layer_count + 1;
    s->trees = malloc(all * sizeof *s->trees);
    s->names = malloc(all * sizeof *s->names);
    s->layers = malloc(all * sizeof *s->layers);
    if (!s->trees || !s->names || !s->layers)
        return skiff_fail(err, "malloc", NULL);
    for (size_t i = 0; i < what->layer_count; i++)
        if (!open_one(s, what->layers[i], user_namespace, err))
            return false;
    if (!parent_of(what->upper, parent, err) || !open_one(s, parent, user_namespace, err))
        return false;
    const char *directory = s->names[what->layer_count];
    snprintf(s->upper, NAME, "%.32s/%.255s", directory, base_name(what->upper));
    snprintf(s->work, NAME, "%.32s/%.255s", directory, base_name(what->work));
    return true;
}

/* `mount`: where it is to be attached nowhere; NULL: it is mounted on its target. */
static bool mount_as_root_of(const skiff_union *what, const skiff_id_range *ids, int *mount, skiff_error *err)
{
    skiff_identity before;
    if (!skiff_assume_root_of(ids, &before, err))
        return false;
    bool done = mount ? skiff_open_overlay(what, mount, err) : skiff_mount_overlay(what, err);
    skiff_resume_identity(&before);
    return done;
}

/* Before Linux 6.15 overlay takes no mount that is nowhere attached. They are over the work directory meanwhile. */
static bool mount_attached(const shifted *s, const skiff_union *what, const char *place, const skiff_id_range *ids,
                           int *mount, skiff_error *err)
{
    size_t attached = 0;
    bool done = true;
    while (done && attached < s->count) {
        done = syscall(SKIFF_SYS_move_mount, s->trees[attached], "", AT_FDCWD, place, SKIFF_MOVE_MOUNT_F_EMPTY_PATH) ==
                   0 ||
               skiff_fail(err, "move_mount", place);
        attached += done;
    }
    done = done && mount_as_root_of(what, ids, mount, err);
    while (attached-- > 0)
        umount2(place, MNT_DETACH | UMOUNT_NOFOLLOW);
    return done;
}

static bool mount_overlay(const skiff_union *what, const skiff_id_range *ids, int user_namespace, int *mount,
                          skiff_error *err)
{
    __attribute__((cleanup(close_shifted))) shifted s = {0};
    if (!open_shifted(&s, what, user_namespace, err))
        return false;
    skiff_union union_of_shifted = *what;
    union_of_shifted.layers = s.layers;
    union_of_shifted.upper = s.upper;
    union_of_shifted.work = s.work;
    return mount_as_root_of(&union_of_shifted, ids, mount, err) ||
           (err->errnum == EINVAL && mount_attached(&s, &union_of_shifted, what->work, ids, mount, err));
}

bool skiff_open_shifted_overlay(const skiff_union *what, const skiff_id_range *ids, int user_namespace, int *mount,
                                skiff_error *err)
{
    return mount_overlay(what, ids, user_namespace, mount, err);
}

static bool mount_copy(const skiff_union *what, int user_namespace, skiff_error *err)
{
    cleanup_fd int tree = skiff_open_shifted(what->upper, user_namespace, err);
    if (tree < 0)
        return false;
    return syscall(SKIFF_SYS_move_mount, tree, "", AT_FDCWD, what->target, SKIFF_MOVE_MOUNT_F_EMPTY_PATH) == 0 ||
           skiff_fail(err, "move_mount", what->target);
}

bool skiff_mount_shifted(const skiff_workspace *workspace, const skiff_id_range *ids, int user_namespace,
                         skiff_error *err)
{
    switch (workspace->kind) {
    case SKIFF_WORKSPACE_OVERLAY:
        return mount_overlay(&workspace->what, ids, user_namespace, NULL, err);
    case SKIFF_WORKSPACE_COPY:
        return mount_copy(&workspace->what, user_namespace, err);
    case SKIFF_WORKSPACE_FUSE:
        return skiff_mount_fuse(&workspace->what, ids, err);
    case SKIFF_WORKSPACE_AUFS:
        break;
    }
    return skiff_fail_with(err, ENOTSUP, "mount_setattr IDMAP", workspace->what.target);
}
