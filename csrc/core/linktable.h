/* Where files that have several names were copied to first, so that further names become links. */
#ifndef SKIFF_CORE_LINKTABLE_H
#define SKIFF_CORE_LINKTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct skiff_link {
    dev_t dev;
    ino_t ino;
    char *path; /* NULL: a free place */
} skiff_link;

typedef struct skiff_links {
    skiff_link *table;
    size_t used, room; /* room is a power of two, or 0 */
} skiff_links;

/* The path noted for a file; NULL where there is none. */
const char *skiff_links_find(const skiff_links *links, dev_t dev, ino_t ino);

/* Note a path, which is copied. False when memory is short. */
bool skiff_links_add(skiff_links *links, dev_t dev, ino_t ino, const char *path);

void skiff_links_free(skiff_links *links);

#endif
