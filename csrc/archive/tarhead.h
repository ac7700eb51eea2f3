/* Headers of a tar: ustar, and before it a pax extended header where ustar cannot say all, pax(1) of POSIX.1-2017. */
#ifndef SKIFF_CORE_TARHEAD_H
#define SKIFF_CORE_TARHEAD_H

#include "attributes.h"
#include "../core/error.h"

#include <stdint.h>
#include <sys/stat.h>

enum { SKIFF_TAR_BLOCK = 512 };

/* Bytes that grow. */
typedef struct skiff_bytes {
    char *data;
    size_t used, room;
} skiff_bytes;

/* False when memory is short. */
bool skiff_bytes_add(skiff_bytes *bytes, const void *data, size_t size);
void skiff_bytes_free(skiff_bytes *bytes);

typedef struct skiff_tar_head {
    const char *name;   /* a directory's ends in a slash */
    const char *target; /* of a symbolic or hard link; NULL */
    char type;          /* ustar's typeflag: 0 file, 1 hard link, 2 symlink, 3 and 4 devices, 5 directory, 6 FIFO */
    const struct stat *st;
    uint64_t size;                      /* bytes of content that follow */
    bool sparse;                        /* they begin with a map of a file of st->st_size bytes */
    const skiff_attributes *attributes; /* NULL: none */
} skiff_tar_head;

/* Add an entry's header blocks. What ustar can say stands there alone, so the same file always has the same bytes. */
bool skiff_tar_add_head(skiff_bytes *bytes, const skiff_tar_head *head, skiff_error *err);

/* Zeroes from a content's end to the end of its block. */
size_t skiff_tar_padding(uint64_t size);

#endif
