#include "tarstream.h"
#include "../core/cleanup.h"
#include "samefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- Names ---- */

/* `prefix/path`, with a slash at the end of a directory's; the top without a name is `./`. NULL when memory is short. */
static char *name_in_tar(const skiff_tar *tar, const char *path, bool directory)
{
    char *name = malloc(strlen(tar->prefix) + strlen(path) + 4), *end = name;
    if (!name)
        return NULL;
    end = stpcpy(end, tar->prefix);
    if (*path && end != name)
        end = stpcpy(end, "/");
    end = stpcpy(end, path);
    if (end == name)
        end = stpcpy(end, ".");
    if (directory)
        stpcpy(end, "/");
    return name;
}

/* Where the last component begins. */
static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static char *whiteout_name(const skiff_tar *tar, const char *path)
{
    size_t size = strlen(path) + sizeof ".wh.";
    cleanup_free char *changed = malloc(size);
    if (!changed)
        return NULL;
    const char *base = base_of(path);
    memcpy(changed, path, (size_t)(base - path));
    stpcpy(stpcpy(changed + (base - path), ".wh."), base);
    return name_in_tar(tar, changed, false);
}

/* ---- Entries ---- */

static char type_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return '0';
    case S_IFLNK:
        return '2';
    case S_IFCHR:
        return '3';
    case S_IFBLK:
        return '4';
    case S_IFDIR:
        return '5';
    case S_IFIFO:
        return '6';
    default:
        return '\0'; /* a socket lives as long as its process */
    }
}

/* The name under which a file of several names is in the archive already; else this one is noted. */
static bool find_first(skiff_tar *tar, const skiff_found *found, const char *name, const char **first, skiff_error *err)
{
    *first = NULL;
    if (S_ISDIR(found->st.st_mode) || found->st.st_nlink < 2)
        return true;
    *first = skiff_links_find(&tar->links, found->st.st_dev, found->st.st_ino);
    return *first || skiff_links_add(&tar->links, found->st.st_dev, found->st.st_ino, name) ||
           skiff_fail_with(err, ENOMEM, "malloc", name);
}

/* The map of GNU's sparse format 1.0: decimal numbers, a line each, filled up to whole blocks. An empty extent at the end
 * tells the size to those who do not read the record. */
static bool add_map(skiff_bytes *map, const skiff_extents *extents, off_t size)
{
    char line[64];
    int length = snprintf(line, sizeof line, "%zu\n", extents->count + 1);
    bool ok = skiff_bytes_add(map, line, (size_t)length);
    for (size_t i = 0; ok && i < extents->count; i++) {
        const skiff_extent *extent = &extents->list[i];
        length = snprintf(line, sizeof line, "%lld\n%lld\n", (long long)extent->offset, (long long)extent->length);
        ok = skiff_bytes_add(map, line, (size_t)length);
    }
    static const char zeroes[SKIFF_TAR_BLOCK];
    length = snprintf(line, sizeof line, "%lld\n0\n", (long long)size);
    return ok && skiff_bytes_add(map, line, (size_t)length) &&
           skiff_bytes_add(map, zeroes, skiff_tar_padding(map->used));
}

/* Open the file and find what of it is given. */
static bool open_content(skiff_tar *tar, const skiff_found *found, skiff_tar_head *head, skiff_bytes *map,
                         skiff_error *err)
{
    const struct stat *st = &found->st;
    tar->file = skiff_reopen(found->fd);
    if (tar->file < 0)
        return skiff_fail(err, "open", head->name);
    free(tar->name);
    tar->name = strdup(head->name);
    skiff_extents_free(&tar->extents);
    tar->next_extent = 0;
    bool ok = tar->name && (skiff_is_sparse(st) ? skiff_find_extents(&tar->extents, tar->file, st->st_size)
                                                : skiff_one_extent(&tar->extents, st->st_size));
    head->sparse = tar->extents.total < st->st_size;
    ok = ok && (!head->sparse || add_map(map, &tar->extents, st->st_size));
    head->size = map->used + (uint64_t)tar->extents.total;
    return ok || skiff_fail_with(err, ENOMEM, "malloc", head->name);
}

static bool add_file(skiff_tar *tar, const skiff_found *found, skiff_tar_head *head, skiff_error *err)
{
    skiff_bytes map = {0};
    bool ok = open_content(tar, found, head, &map, err) && skiff_tar_add_head(&tar->head, head, err) &&
              (map.used == 0 || skiff_bytes_add(&tar->head, map.data, map.used) ||
               skiff_fail_with(err, ENOMEM, "malloc", head->name));
    skiff_bytes_free(&map);
    tar->padding = skiff_tar_padding((uint64_t)tar->extents.total);
    return ok;
}

static struct stat stat_inside(const skiff_tar *tar, const struct stat *st)
{
    struct stat inside = *st;
    skiff_id_extent uids[SKIFF_ID_EXTENTS], gids[SKIFF_ID_EXTENTS];
    if (tar->ids.count == 0)
        return inside;
    inside.st_uid = skiff_id_inside(uids, skiff_uid_extents(&tar->ids, uids), st->st_uid);
    inside.st_gid = skiff_id_inside(gids, skiff_gid_extents(&tar->ids, gids), st->st_gid);
    return inside;
}

static bool add_entry(skiff_tar *tar, const skiff_found *found, skiff_error *err)
{
    char target[PATH_MAX + 1];
    const struct stat st = stat_inside(tar, &found->st);
    skiff_tar_head head = {.type = type_of(st.st_mode), .st = &st, .attributes = found->attributes};
    if (head.type == '\0')
        return true;
    cleanup_free char *name = name_in_tar(tar, found->path, head.type == '5');
    const char *first = NULL;
    if (!name)
        return skiff_fail_with(err, ENOMEM, "malloc", found->path);
    if (tar->layer && strncmp(base_of(found->path), ".wh.", 4) == 0)
        return skiff_fail_with(err, EILSEQ, "whiteout", found->path); /* it would delete another file */
    if (!find_first(tar, found, name, &first, err))
        return false;
    head.name = name;
    if (first) {
        head.type = '1';
        head.target = first;
        head.attributes = NULL;
    } else if (head.type == '2') {
        ssize_t length = readlinkat(found->fd, "", target, PATH_MAX);
        if (length < 0)
            return skiff_fail(err, "readlink", name);
        target[length] = '\0';
        head.target = target;
    }
    if (head.type == '0' && found->st.st_size > 0)
        return add_file(tar, found, &head, err);
    return skiff_tar_add_head(&tar->head, &head, err);
}

static bool add_whiteout(skiff_tar *tar, const skiff_found *found, skiff_error *err)
{
    if (!tar->layer)
        return skiff_fail_with(err, ENOENT, "open", found->path);
    const struct stat nothing = {.st_mode = S_IFREG};
    cleanup_free char *name = whiteout_name(tar, found->path);
    if (!name)
        return skiff_fail_with(err, ENOMEM, "malloc", found->path);
    return skiff_tar_add_head(&tar->head, &(skiff_tar_head){.name = name, .type = '0', .st = &nothing}, err);
}

/* Two blocks of zeroes. */
static bool add_end(skiff_tar *tar, skiff_error *err)
{
    static const char zeroes[2 * SKIFF_TAR_BLOCK];
    tar->ended = true;
    return skiff_bytes_add(&tar->head, zeroes, sizeof zeroes) || skiff_fail_with(err, ENOMEM, "malloc", "");
}

static bool add_single(skiff_tar *tar, skiff_error *err)
{
    cleanup_fd int fd = skiff_steal_fd(&tar->single);
    skiff_attributes attributes = {0};
    skiff_found found = {.change = SKIFF_ADDED, .path = "", .fd = fd, .attributes = &attributes};
    bool ok = fstat(fd, &found.st) == 0 || skiff_fail(err, "fstat", tar->prefix);
    found.st.st_nlink = 1;
    if (ok && !skiff_attributes_read(&attributes, fd, err))
        ok = skiff_fail_with(err, err->errnum, "getxattr", tar->prefix);
    ok = ok && add_entry(tar, &found, err);
    skiff_attributes_free(&attributes);
    return ok;
}

/* ---- Giving ---- */

/* `*goes_on` is false where the walk has found nothing yet, and asks for another call. */
static bool next_entry(skiff_tar *tar, bool *goes_on, skiff_error *err)
{
    skiff_found found;
    tar->head.used = tar->head_given = 0;
    *goes_on = true;
    if (tar->single >= 0)
        return add_single(tar, err);
    if (tar->walk.view.fd < 0)
        return add_end(tar, err);
    switch (skiff_walk_next(&tar->walk, &found, err)) {
    case SKIFF_WALK_FOUND:
        return found.change == SKIFF_DELETED ? add_whiteout(tar, &found, err) : add_entry(tar, &found, err);
    case SKIFF_WALK_GOES_ON:
        *goes_on = false;
        return true;
    case SKIFF_WALK_ENDED:
        return add_end(tar, err);
    case SKIFF_WALK_FAILED:
        break;
    }
    return false;
}

static size_t give_head(skiff_tar *tar, char *buffer, size_t size)
{
    size_t rest = tar->head.used - tar->head_given;
    size_t given = rest < size ? rest : size;
    memcpy(buffer, tar->head.data + tar->head_given, given);
    tar->head_given += given;
    return given;
}

static bool give_content(skiff_tar *tar, char *buffer, size_t size, size_t *given, skiff_error *err)
{
    size_t want = tar->left < size ? (size_t)tar->left : size;
    ssize_t got = skiff_retry(pread(tar->file, buffer, want, tar->at));
    if (got < 0)
        return skiff_fail(err, "read", tar->name);
    if (got == 0) {
        memset(buffer, 0, want);
        got = (ssize_t)want;
    }
    tar->at += got;
    tar->left -= (uint64_t)got;
    *given = (size_t)got;
    return true;
}

/* Go on to the file's next extent; false when all of it was given. */
static bool next_extent(skiff_tar *tar)
{
    if (tar->next_extent < tar->extents.count) {
        const skiff_extent *extent = &tar->extents.list[tar->next_extent++];
        tar->at = extent->offset;
        tar->left = (uint64_t)extent->length;
        return true;
    }
    skiff_close_fd(&tar->file);
    tar->file = -1;
    return false;
}

static size_t give_padding(skiff_tar *tar, char *buffer, size_t size)
{
    size_t given = tar->padding < size ? tar->padding : size;
    memset(buffer, 0, given);
    tar->padding -= given;
    return given;
}

bool skiff_tar_fill(skiff_tar *tar, void *buffer, size_t size, size_t *filled, bool *ended, skiff_error *err)
{
    char *to = buffer;
    bool goes_on = true;
    *filled = 0;
    *ended = false;
    while (*filled < size && goes_on) {
        size_t given = 0, room = size - *filled;
        if (tar->head_given < tar->head.used)
            given = give_head(tar, to + *filled, room);
        else if (tar->left > 0) {
            if (!give_content(tar, to + *filled, room, &given, err))
                return false;
        } else if (tar->file >= 0 && next_extent(tar))
            continue;
        else if (tar->padding > 0)
            given = give_padding(tar, to + *filled, room);
        else if (tar->ended) {
            *ended = true;
            return true;
        } else if (!next_entry(tar, &goes_on, err))
            return false;
        *filled += given;
    }
    return true;
}

static bool open_empty(skiff_tar *tar, const skiff_tar_options *options, skiff_error *err)
{
    *tar = (skiff_tar){.single = -1, .file = -1, .prefix = strdup(options->prefix), .ids = options->ids};
    tar->walk.view.fd = tar->walk.old.fd = tar->walk.hint.fd = tar->walk.leaf.fd = -1;
    return tar->prefix || skiff_fail_with(err, ENOMEM, "malloc", options->prefix);
}

bool skiff_tar_open(skiff_tar *tar, skiff_walk *walk, const skiff_tar_options *options, skiff_error *err)
{
    bool ok = open_empty(tar, options, err);
    tar->walk = *walk;
    tar->layer = options->layer;
    *walk = (skiff_walk){.view.fd = -1, .old.fd = -1, .hint.fd = -1, .leaf.fd = -1};
    return ok;
}

bool skiff_tar_open_single(skiff_tar *tar, int fd, const skiff_tar_options *options, skiff_error *err)
{
    bool ok = open_empty(tar, options, err);
    tar->single = fd;
    return ok;
}

void skiff_tar_close(skiff_tar *tar)
{
    skiff_walk_close(&tar->walk);
    skiff_close_fd(&tar->single);
    skiff_close_fd(&tar->file);
    skiff_links_free(&tar->links);
    skiff_extents_free(&tar->extents);
    skiff_bytes_free(&tar->head);
    free(tar->prefix);
    free(tar->name);
    *tar = (skiff_tar){.single = -1, .file = -1};
    tar->walk.view.fd = tar->walk.old.fd = tar->walk.hint.fd = tar->walk.leaf.fd = -1;
}
