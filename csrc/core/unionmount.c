#include "unionmount.h"
#include "cleanup.h"
#include "mountapi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>

enum {
    MAX_STACKED = 16,      /* mounts on one target that unmount takes off */
    MAX_OPTION = 4096,     /* mount(2) copies one page */
    MAX_STRING = 256,      /* fsconfig(2) takes strings of up to 255 bytes */
};

/* ---- Names for directories ---- */

/* A directory under a name without separators: its own where that is plain and short, else one by descriptor. */
typedef struct short_name {
    int fd;
    char text[MAX_STRING];
} short_name;

static void free_short_name(short_name *name)
{
    skiff_close_fd(&name->fd);
}

#define cleanup_short_name __attribute__((cleanup(free_short_name)))

static bool by_descriptor(short_name *name, const char *path, skiff_error *err)
{
    name->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (name->fd < 0)
        return skiff_fail(err, "open", path);
    snprintf(name->text, sizeof name->text, "/proc/self/fd/%d", name->fd);
    return true;
}

/* Overlay takes off backslashes, and splits at colons and commas, differently from kernel to kernel. */
static bool shorten(short_name *name, const char *path, skiff_error *err)
{
    if (strpbrk(path, "\\:,") || strlen(path) >= sizeof name->text)
        return by_descriptor(name, path, err);
    name->fd = -1;
    strcpy(name->text, path);
    return true;
}

/* ---- overlay by fsopen(2): each layer is an option of its own, Linux 6.5 ---- */

static bool set(int context, const char *key, const char *path, skiff_error *err)
{
    cleanup_short_name short_name name = {.fd = -1};
    if (!shorten(&name, path, err))
        return false;
    if (syscall(SYS_fsconfig, context, SKIFF_FSCONFIG_SET_STRING, key, name.text, 0) != 0)
        return skiff_fail(err, "fsconfig", path);
    return true;
}

static bool set_all(int context, const skiff_union *what, skiff_error *err)
{
    for (size_t i = 0; i < what->layer_count; i++)
        if (!set(context, "lowerdir+", what->layers[i], err))
            return false;
    if (what->upper && (!set(context, "upperdir", what->upper, err) || !set(context, "workdir", what->work, err)))
        return false;
    if (what->user_xattr && syscall(SYS_fsconfig, context, SKIFF_FSCONFIG_SET_FLAG, "userxattr", NULL, 0) != 0)
        return skiff_fail(err, "fsconfig", "userxattr");
    if (what->is_volatile && syscall(SYS_fsconfig, context, SKIFF_FSCONFIG_SET_FLAG, "volatile", NULL, 0) != 0)
        return skiff_fail(err, "fsconfig", "volatile");
    return true;
}

bool skiff_open_overlay(const skiff_union *what, int *mount, skiff_error *err)
{
    cleanup_fd int context = (int)syscall(SYS_fsopen, "overlay", SKIFF_FSOPEN_CLOEXEC);
    if (context < 0)
        return skiff_fail(err, "fsopen", "overlay");
    (void)syscall(SYS_fsconfig, context, SKIFF_FSCONFIG_SET_STRING, "source", "skiff", 0); /* for mountinfo's eyes */
    if (!set_all(context, what, err))
        return false;
    if (syscall(SYS_fsconfig, context, SKIFF_FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0)
        return skiff_fail(err, "fsconfig", what->target);
    *mount = (int)syscall(SYS_fsmount, context, SKIFF_FSMOUNT_CLOEXEC, 0);
    return *mount >= 0 || skiff_fail(err, "fsmount", what->target);
}

static bool overlay_by_fsopen(const skiff_union *what, skiff_error *err)
{
    cleanup_fd int mounted = -1;
    if (!skiff_open_overlay(what, &mounted, err))
        return false;
    if (syscall(SKIFF_SYS_move_mount, mounted, "", AT_FDCWD, what->target, SKIFF_MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return skiff_fail(err, "move_mount", what->target);
    return true;
}

/* ---- mount(2): all in one string, so every directory goes by descriptor ---- */

typedef struct options {
    char text[MAX_OPTION];
    size_t used;
} options;

static bool add(options *o, const char *text, skiff_error *err)
{
    size_t length = strlen(text);
    if (o->used + length >= sizeof o->text)
        return skiff_fail_with(err, E2BIG, "mount", "options: too many layers for this kernel");
    memcpy(o->text + o->used, text, length + 1);
    o->used += length;
    return true;
}

/* Descriptors for the write layer, the work directory and each layer, closed together. */
typedef struct directories {
    short_name upper, work, *layers;
    size_t count;
} directories;

static void close_directories(directories *d)
{
    free_short_name(&d->upper);
    free_short_name(&d->work);
    for (size_t i = 0; i < d->count; i++)
        free_short_name(&d->layers[i]);
    free(d->layers);
}

#define cleanup_directories __attribute__((cleanup(close_directories)))

static bool open_directories(directories *d, const skiff_union *what, skiff_error *err)
{
    d->layers = calloc(what->layer_count ? what->layer_count : 1, sizeof *d->layers);
    if (!d->layers)
        return skiff_fail(err, "calloc", NULL);
    for (; d->count < what->layer_count; d->count++) {
        d->layers[d->count].fd = -1;
        if (!by_descriptor(&d->layers[d->count], what->layers[d->count], err))
            return false;
    }
    return (!what->upper || by_descriptor(&d->upper, what->upper, err)) &&
           (!what->work || by_descriptor(&d->work, what->work, err));
}

static bool overlay_by_mount(const skiff_union *what, skiff_error *err)
{
    cleanup_directories directories d = {.upper.fd = -1, .work.fd = -1};
    options o = {.used = 0};
    if (!open_directories(&d, what, err))
        return false;
    for (size_t i = 0; i < d.count; i++)
        if (!add(&o, i == 0 ? "lowerdir=" : ":", err) || !add(&o, d.layers[i].text, err))
            return false;
    if (what->upper && (!add(&o, ",upperdir=", err) || !add(&o, d.upper.text, err) || !add(&o, ",workdir=", err) ||
                        !add(&o, d.work.text, err) || (what->is_volatile && !add(&o, ",volatile", err))))
        return false;
    if (what->user_xattr && !add(&o, ",userxattr", err))
        return false;
    if (mount("skiff", what->target, "overlay", 0, o.text) != 0)
        return skiff_fail(err, "mount", what->target);
    return true;
}

static bool overlay_once(const skiff_union *what, skiff_error *err)
{
    if (!what->old_api) {
        if (overlay_by_fsopen(what, err))
            return true;
        /* ENOSYS: before 5.2; EPERM: a seccomp filter; EINVAL: before 6.5, no "lowerdir+". */
        if (err->errnum != ENOSYS && err->errnum != EPERM && err->errnum != EINVAL)
            return false;
    }
    return overlay_by_mount(what, err);
}

bool skiff_mount_overlay(const skiff_union *what, skiff_error *err)
{
    if (overlay_once(what, err))
        return true;
    if (!what->is_volatile || err->errnum != EINVAL)
        return false;
    skiff_union durable = *what; /* "volatile" came with 5.10 and is no more than a wish */
    durable.is_volatile = false;
    return overlay_once(&durable, err);
}

/*
 * What overlayfs leaves in the work directory of a volatile write layer (fs/overlayfs/super.c): by its names it is gone in
 * five calls, where looking for it takes forty. Whatever else is there is found by who removes the tree.
 */
void skiff_remove_work(const char *container)
{
    static const char *const directories[] = {"work/work/incompat/volatile", "work/work/incompat", "work/work"};
    cleanup_fd int dir = open(container, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0 || unlinkat(dir, "work/work/incompat/volatile/dirty", 0) != 0)
        return;
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        unlinkat(dir, directories[i], AT_REMOVEDIR);
}

/* ---- aufs ---- */

/* aufs splits branches at ':', options at ',' and permissions at '=', and knows no escape (aufs(5), "Branch Syntax");
 * it resolves each branch by an ordinary path walk, which follows /proc/self/fd. */
static bool aufs_with(const skiff_union *what, const directories *d, const char *key, const char *tail,
                      skiff_error *err)
{
    options o = {.used = 0};
    if (!add(&o, key, err) || (what->upper && (!add(&o, d->upper.text, err) || !add(&o, "=rw", err))))
        return false;
    for (size_t i = 0; i < d->count; i++)
        if ((i + (what->upper != NULL) > 0 && !add(&o, ":", err)) || !add(&o, d->layers[i].text, err) ||
            !add(&o, "=ro+wh", err))
            return false;
    if (!add(&o, tail, err))
        return false;
    if (mount("skiff", what->target, "aufs", 0, o.text) != 0)
        return skiff_fail(err, "mount", what->target);
    return true;
}

bool skiff_mount_aufs(const skiff_union *what, skiff_error *err)
{
    /* dirperm1: the topmost branch's permission bits of a directory decide, as POSIX programs expect after a chmod;
     * aufs before 3.x has no such option, and before 2.x no "br". */
    static const struct {
        const char *key, *tail;
    } spellings[] = {{"br=", ",dirperm1"}, {"br=", ""}, {"dirs=", ""}};
    cleanup_directories directories d = {.upper.fd = -1, .work.fd = -1};
    if (!open_directories(&d, what, err))
        return false;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        if (aufs_with(what, &d, spellings[i].key, spellings[i].tail, err))
            return true;
        if (err->errnum != EINVAL)
            return false;
    }
    return false;
}

/* ---- bind, unmount ---- */

bool skiff_mount_bind(const char *source, const char *target, skiff_error *err)
{
    if (mount(source, target, NULL, MS_BIND, NULL) != 0)
        return skiff_fail(err, "mount", target);
    return true;
}

bool skiff_unmount(const char *target, skiff_error *err)
{
    for (int i = 0; i < MAX_STACKED; i++) {
        int result = umount2(target, UMOUNT_NOFOLLOW);
        if (result != 0 && errno == EBUSY)
            result = umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW);
        if (result != 0)
            return errno == EINVAL || errno == ENOENT || skiff_fail(err, "umount2", target);
    }
    return skiff_fail_with(err, EBUSY, "umount2", target);
}
