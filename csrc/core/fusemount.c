#include "fusemount.h"
#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* PATH is the user's; as lib/engine/rootless/holder.ts looks for newuidmap(1). */
static const char *const PROGRAMS[] = {"/usr/bin/fuse-overlayfs", "/usr/local/bin/fuse-overlayfs",
                                       "/bin/fuse-overlayfs"};

static bool check_name(const char *path, skiff_error *err)
{
    return !strpbrk(path, "\\:,") || skiff_fail_with(err, EINVAL, "fuse-overlayfs", path);
}

static bool check_names(const skiff_union *what, skiff_error *err)
{
    for (size_t i = 0; i < what->layer_count; i++)
        if (!check_name(what->layers[i], err))
            return false;
    return (!what->upper || check_name(what->upper, err)) && (!what->work || check_name(what->work, err));
}

/* ,NAME=DISK:SHOWN:COUNT:DISK:... */
static void write_mapping(FILE *out, const char *name, const skiff_id_extent *extents, size_t count)
{
    fprintf(out, ",%s", name);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%c%u:%u:%u", i == 0 ? '=' : ':', extents[i].inside, extents[i].outside, extents[i].count);
}

/* lowerdir=TOP:...:BOTTOM,upperdir=...,workdir=...; the caller frees it. */
static char *write_options(const skiff_union *what, const skiff_id_range *ids)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    for (size_t i = 0; i < what->layer_count; i++)
        fprintf(out, "%s%s", i == 0 ? "lowerdir=" : ":", what->layers[i]);
    if (what->upper)
        fprintf(out, ",upperdir=%s,workdir=%s%s", what->upper, what->work, what->is_volatile ? ",volatile" : "");
    if (ids) {
        skiff_id_extent extents[SKIFF_ID_EXTENTS];
        write_mapping(out, "uidmapping", extents, skiff_uid_extents(ids, extents));
        write_mapping(out, "gidmapping", extents, skiff_gid_extents(ids, extents));
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static int spawn_with(const posix_spawn_file_actions_t *files, const posix_spawnattr_t *attributes, char *const *argv,
                      pid_t *pid)
{
    static char *const no_environment[] = {NULL};
    int errnum = ENOENT;
    for (size_t i = 0; errnum == ENOENT && i < sizeof PROGRAMS / sizeof *PROGRAMS; i++)
        errnum = posix_spawn(pid, PROGRAMS[i], files, attributes, argv, no_environment);
    return errnum;
}

/* Nothing of the caller's streams and signals: it stays in the background for as long as the container lives. */
static int spawn_quietly(char *const *argv, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    int errnum = spawn_with(&files, &attributes, argv, pid);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return errnum;
}

bool skiff_mount_fuse(const skiff_union *what, const skiff_id_range *ids, skiff_error *err)
{
    if (!check_names(what, err))
        return false;
    cleanup_free char *options = write_options(what, ids);
    if (!options)
        return skiff_fail(err, "malloc", NULL);
    char *argv[] = {"fuse-overlayfs", "-o", options, (char *)what->target, NULL};
    pid_t pid;
    int status, errnum = spawn_quietly(argv, &pid);
    if (errnum != 0)
        return skiff_fail_with(err, errnum, "posix_spawn", PROGRAMS[0]);
    /* It ends when the mount is there; what serves it is a child of its own by then. */
    if (skiff_retry(waitpid(pid, &status, 0)) < 0)
        return skiff_fail(err, "waitpid", PROGRAMS[0]);
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || skiff_fail_with(err, EIO, "fuse-overlayfs", what->target);
}
