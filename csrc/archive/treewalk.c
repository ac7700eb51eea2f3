#include "treewalk.h"
#include "../core/cleanup.h"
#include "othermounts.h"
#include "samefile.h"
#include "writelayer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Names looked at in one step: the caller may want to stop. */
enum { NAMES_PER_STEP = 4096 };

/* ---- Levels ---- */

static bool fail_at(const skiff_walk *walk, const char *call, const char *name, skiff_error *err)
{
    return skiff_tree_fail(&walk->view, call, name, err);
}

/* The error of a helper that knows no path, with the path. */
static bool place_error(const skiff_walk *walk, const char *name, skiff_error *err)
{
    errno = err->errnum;
    char call[sizeof err->syscall];
    memcpy(call, err->syscall, sizeof call);
    return fail_at(walk, call, name, err);
}

static bool set_path(skiff_walk *walk, const char *name)
{
    size_t length = walk->depth ? walk->levels[walk->depth - 1].path_length : 0;
    size_t needed = length + strlen(name) + 2;
    if (needed > walk->path_room) {
        char *path = realloc(walk->path, needed * 2);
        if (!path)
            return false;
        walk->path = path;
        walk->path_room = needed * 2;
    }
    if (length > 0)
        walk->path[length++] = '/';
    strcpy(walk->path + length, name);
    return true;
}

static bool list_level(skiff_walk *walk, skiff_walk_level *level, skiff_error *err)
{
    skiff_listed_as *as = walk->options.hint_kind == SKIFF_HINT_AUFS ? skiff_without_whiteout : NULL;
    bool listed = level->has_hint
                      ? skiff_list_directory(&level->listing, walk->hint.fd, as, err)
                      : skiff_list_directory(&level->listing, walk->view.fd, NULL, err) &&
                            (!level->has_old || skiff_list_directory(&level->listing, walk->old.fd, NULL, err));
    return (listed && skiff_list_sorted(&level->listing, err)) || place_error(walk, NULL, err);
}

/* A level for the directory that the trees are in now. Takes the attributes over. */
static bool push(skiff_walk *walk, skiff_walk_level level, skiff_error *err)
{
    if (walk->depth == walk->room) {
        size_t room = walk->room ? walk->room * 2 : 16;
        skiff_walk_level *levels = realloc(walk->levels, room * sizeof *levels);
        if (!levels) {
            skiff_attributes_free(&level.attributes);
            return fail_at(walk, "realloc", NULL, err);
        }
        walk->levels = levels;
        walk->room = room;
    }
    walk->levels[walk->depth] = level;
    return list_level(walk, &walk->levels[walk->depth++], err);
}

static bool pop(skiff_walk *walk, skiff_error *err)
{
    skiff_walk_level *level = &walk->levels[walk->depth - 1];
    cleanup_free char *name = NULL, *old = NULL, *hint = NULL;
    bool last = walk->depth == 1;
    bool ok = last || (skiff_tree_up(&walk->view, &name, err) &&
                       (!level->has_old || skiff_tree_up(&walk->old, &old, err)) &&
                       (!level->has_hint || skiff_tree_up(&walk->hint, &hint, err)));
    skiff_listing_free(&level->listing);
    skiff_attributes_free(&level->attributes);
    walk->depth--;
    if (walk->told > walk->depth)
        walk->told = walk->depth;
    return ok;
}

/* ---- Entries ---- */

/* One name in one of the trees; `fd` is -1 where it is not there. */
typedef struct entry {
    int fd;
    struct stat st;
    skiff_attributes attributes;
} entry;

static void free_entry(entry *e)
{
    skiff_close_fd(&e->fd);
    skiff_attributes_free(&e->attributes);
}

#define cleanup_entry __attribute__((cleanup(free_entry)))

static bool look_at(const skiff_walk *walk, int dir, const char *name, entry *e, skiff_error *err)
{
    e->fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (e->fd < 0)
        return errno == ENOENT || errno == ENOTDIR || fail_at(walk, "open", name, err);
    return fstat(e->fd, &e->st) == 0 || fail_at(walk, "fstat", name, err);
}

static bool read_attributes(const skiff_walk *walk, const char *name, entry *e, skiff_error *err)
{
    return skiff_attributes_read(&e->attributes, e->fd, err) || place_error(walk, name, err);
}

/* Where both are there: whether they differ. Content is compared where all else is the same and the write layer has the
 * file: it was opened for writing, and its time may have been set back. */
static bool compare(const skiff_walk *walk, const char *name, entry *now, entry *then, bool *differ, skiff_error *err)
{
    *differ = !skiff_same_status(&now->st, &then->st);
    if (*differ)
        return true;
    if (!read_attributes(walk, name, then, err))
        return false;
    *differ = !skiff_attributes_equal(&now->attributes, &then->attributes);
    if (*differ || S_ISDIR(now->st.st_mode))
        return true;
    bool content = walk->levels[walk->depth - 1].has_hint;
    bool same = true;
    if (!skiff_same_content(now->fd, then->fd, &now->st, content, &same))
        return fail_at(walk, "read", name, err);
    *differ = !same;
    return true;
}

static void give_leaf(skiff_walk *walk, skiff_change change, entry *e)
{
    walk->leaf = (skiff_found){.change = change, .path = walk->path, .fd = skiff_steal_fd(&e->fd), .st = e->st};
    walk->attributes = e->attributes;
    e->attributes = (skiff_attributes){0};
    walk->leaf.attributes = &walk->attributes;
    walk->due = walk->has_leaf = true;
}

/* The subdirectory `e` of one of the trees, open for reading, at its beginning. */
static bool go_into(skiff_tree *tree, const char *name, int fd, skiff_error *err)
{
    int opened = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0)
        return skiff_tree_fail(tree, "open", name, err);
    return skiff_tree_down(tree, name, opened, err);
}

static bool go_down(skiff_walk *walk, const char *name, entry *now, entry *then, skiff_change change, skiff_error *err)
{
    const skiff_walk_level *above = &walk->levels[walk->depth - 1];
    skiff_walk_level level = {.change = change, .st = now->st, .path_length = strlen(walk->path)};
    level.has_old = then->fd >= 0 && S_ISDIR(then->st.st_mode);
    cleanup_entry entry hint = {.fd = -1};
    if (above->has_hint && !look_at(walk, walk->hint.fd, name, &hint, err))
        return false;
    level.has_hint = level.has_old && hint.fd >= 0 && S_ISDIR(hint.st.st_mode) &&
                     !skiff_hides_others(hint.fd, walk->options.hint_kind);
    if (!go_into(&walk->view, name, now->fd, err) || (level.has_old && !go_into(&walk->old, name, then->fd, err)) ||
        (level.has_hint && !go_into(&walk->hint, name, hint.fd, err)))
        return false;
    level.attributes = now->attributes;
    now->attributes = (skiff_attributes){0};
    return push(walk, level, err);
}

static bool may_enter(const skiff_walk *walk, int fd, const struct stat *st)
{
    if (!skiff_is_mount_root(fd, st, walk->levels[walk->depth - 1].st.st_dev))
        return true;
    return walk->options.cross_mounts && !skiff_is_of_the_kernel(fd);
}

/* A directory that is not gone into keeps its place, as an empty one. */
static bool look_into(skiff_walk *walk, const char *name, entry *now, entry *then, bool differ, skiff_error *err)
{
    skiff_change change = then->fd < 0 ? SKIFF_ADDED : SKIFF_CHANGED;
    if (may_enter(walk, now->fd, &now->st)) {
        walk->due = differ;
        return go_down(walk, name, now, then, change, err);
    }
    if (differ)
        give_leaf(walk, change, now);
    return true;
}

static bool visit(skiff_walk *walk, const char *name, skiff_error *err)
{
    cleanup_entry entry now = {.fd = -1}, then = {.fd = -1};
    bool has_old = walk->levels[walk->depth - 1].has_old, differ = true;
    if (!look_at(walk, walk->view.fd, name, &now, err) ||
        (has_old && !look_at(walk, walk->old.fd, name, &then, err)))
        return false;
    if (now.fd < 0 && then.fd < 0)
        return true;
    if (!set_path(walk, name))
        return fail_at(walk, "realloc", name, err);
    if (now.fd < 0) {
        give_leaf(walk, SKIFF_DELETED, &now);
        return true;
    }
    if (!read_attributes(walk, name, &now, err))
        return false;
    if (then.fd >= 0 && !compare(walk, name, &now, &then, &differ, err))
        return false;
    if (S_ISDIR(now.st.st_mode))
        return look_into(walk, name, &now, &then, differ, err);
    if (differ)
        give_leaf(walk, then.fd < 0 ? SKIFF_ADDED : SKIFF_CHANGED, &now);
    return true;
}

/* ---- The walk ---- */

bool skiff_walk_open(skiff_walk *walk, const skiff_walk_options *options, skiff_error *err)
{
    *walk = (skiff_walk){.view.fd = -1, .old.fd = -1, .hint.fd = -1, .options = *options, .leaf.fd = -1};
    cleanup_fd int top = options->top, old = options->old, hint = options->hint;
    skiff_walk_level level = {.has_old = old >= 0, .has_hint = hint >= 0, .change = SKIFF_ADDED};
    entry e = {.fd = top};
    if (!skiff_tree_open(&walk->view, skiff_steal_fd(&top), options->name, err) ||
        (old >= 0 && !skiff_tree_open(&walk->old, skiff_steal_fd(&old), options->name, err)) ||
        (hint >= 0 && !skiff_tree_open(&walk->hint, skiff_steal_fd(&hint), options->name, err)))
        return false;
    if (fstat(e.fd, &level.st) != 0)
        return fail_at(walk, "fstat", NULL, err);
    if (!read_attributes(walk, NULL, &e, err) || !set_path(walk, "")) {
        skiff_attributes_free(&e.attributes);
        return false;
    }
    level.attributes = e.attributes;
    walk->told = options->tell_top ? 0 : 1;
    walk->due = options->tell_top;
    return push(walk, level, err);
}

/* The path is that of what was found below; a level's is its beginning. Levels are given from the top on. */
static void give_level(skiff_walk *walk, size_t index, skiff_found *found)
{
    const skiff_walk_level *level = &walk->levels[index];
    if (index > 0 && level[-1].path_length > 0)
        walk->path[level[-1].path_length] = '/';
    walk->path[level->path_length] = '\0';
    *found = (skiff_found){
        .change = level->change, .path = walk->path, .fd = -1, .st = level->st, .attributes = &level->attributes};
}

/* Put the leaf's path together again after levels were given out. */
static bool restore_path(skiff_walk *walk)
{
    const skiff_walk_level *level = &walk->levels[walk->depth - 1];
    return !walk->has_leaf || set_path(walk, level->listing.sorted[level->next - 1]);
}

static void drop_leaf(skiff_walk *walk)
{
    skiff_close_fd(&walk->leaf.fd);
    walk->leaf.fd = -1;
    skiff_attributes_free(&walk->attributes);
}

skiff_step_result skiff_walk_next(skiff_walk *walk, skiff_found *found, skiff_error *err)
{
    if (!walk->due)
        drop_leaf(walk);
    for (int looked = 0; looked < NAMES_PER_STEP; looked++) {
        if (walk->due && walk->told < walk->depth) {
            give_level(walk, walk->told++, found);
            return SKIFF_WALK_FOUND;
        }
        if (walk->due) {
            walk->due = false;
            if (!restore_path(walk))
                return fail_at(walk, "realloc", NULL, err), SKIFF_WALK_FAILED;
            if (walk->has_leaf) {
                walk->has_leaf = false;
                *found = walk->leaf;
                found->path = walk->path;
                return SKIFF_WALK_FOUND;
            }
        }
        if (walk->depth == 0)
            return SKIFF_WALK_ENDED;
        skiff_walk_level *level = &walk->levels[walk->depth - 1];
        bool ok = level->next < level->listing.count ? visit(walk, level->listing.sorted[level->next++], err)
                                                     : pop(walk, err);
        if (!ok)
            return SKIFF_WALK_FAILED;
    }
    return SKIFF_WALK_GOES_ON;
}

void skiff_walk_close(skiff_walk *walk)
{
    drop_leaf(walk);
    for (size_t i = 0; i < walk->depth; i++) {
        skiff_listing_free(&walk->levels[i].listing);
        skiff_attributes_free(&walk->levels[i].attributes);
    }
    free(walk->levels);
    free(walk->path);
    skiff_tree_close(&walk->view);
    skiff_tree_close(&walk->old);
    skiff_tree_close(&walk->hint);
    *walk = (skiff_walk){.view.fd = -1, .old.fd = -1, .hint.fd = -1, .leaf.fd = -1};
}
