/* Where a sparse file has data: what lies between are holes, lseek(2) SEEK_DATA. */
#ifndef SKIFF_CORE_EXTENTS_H
#define SKIFF_CORE_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

typedef struct skiff_extent {
    off_t offset, length;
} skiff_extent;

/* In order, none empty. */
typedef struct skiff_extents {
    skiff_extent *list;
    size_t count, room;
    off_t total; /* bytes of all of them */
} skiff_extents;

/* Whether holes are a part of the file that is worth a map. */
bool skiff_is_sparse(const struct stat *st);

/* Find the extents of the first `size` bytes. A file system that knows no holes has one extent; so has the rest of a file
 * with a great many of them. False when memory is short. */
bool skiff_find_extents(skiff_extents *extents, int fd, off_t size);

/* The same without looking: all is one extent. */
bool skiff_one_extent(skiff_extents *extents, off_t size);

void skiff_extents_free(skiff_extents *extents);

#endif
