/* A tar of a walk, made piece by piece as its reader asks for it: memory is that of one header and one directory's names
 * a level, whatever the size of the tree. */
#ifndef SKIFF_CORE_TARSTREAM_H
#define SKIFF_CORE_TARSTREAM_H

#include "../core/idmap.h"
#include "../core/linktable.h"
#include "extents.h"
#include "tarhead.h"
#include "treewalk.h"

typedef struct skiff_tar_options {
    const char *prefix; /* what the walk's top is called; "": its entries have no directory before them */
    bool layer;         /* what was deleted becomes `.wh.NAME`, as in an OCI layer; else it is an error */
    skiff_id_range ids; /* of the user namespace whose files are seen from outside: owners are told as inside; count 0: none */
} skiff_tar_options;

typedef struct skiff_tar {
    skiff_walk walk;
    char *prefix;
    bool layer;
    skiff_id_range ids;
    int single; /* O_PATH of what is no directory and is the whole of it; -1 */
    skiff_links links;
    skiff_bytes head; /* headers, and at the end the archive's end */
    size_t head_given;
    int file;      /* whose content is being given; -1 */
    char *name;    /* its name, for errors */
    skiff_extents extents; /* of it, to be given */
    size_t next_extent;
    uint64_t left; /* bytes of the current one */
    off_t at;
    size_t padding;
    bool ended;
} skiff_tar;

/* Begin. The walk is the tar's from now on. */
bool skiff_tar_open(skiff_tar *tar, skiff_walk *walk, const skiff_tar_options *options, skiff_error *err);

/* The same of one file, link, device or FIFO called `prefix`, of which `fd` is an O_PATH descriptor, the tar's from now
 * on. */
bool skiff_tar_open_single(skiff_tar *tar, int fd, const skiff_tar_options *options, skiff_error *err);

/* Fill up to `size` bytes; `*filled` may be less than that, also 0, without being the end, which `*ended` tells. A file
 * that shrinks while it is read is filled up with zeroes, one that grows is cut: the header told its size. */
bool skiff_tar_fill(skiff_tar *tar, void *buffer, size_t size, size_t *filled, bool *ended, skiff_error *err);

void skiff_tar_close(skiff_tar *tar);

#endif
