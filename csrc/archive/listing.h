/* The names in one or more directories: sorted by their bytes, each once, so that every walk of a tree is the same. */
#ifndef SKIFF_CORE_LISTING_H
#define SKIFF_CORE_LISTING_H

#include "../core/error.h"
#include "../core/tree.h"

typedef struct skiff_listing {
    skiff_names names;
    const char **sorted;
    size_t count;
} skiff_listing;

/* What a name in a directory stands for in the listing: itself, another one, or NULL to leave it out. */
typedef const char *skiff_listed_as(const char *name);

/* Add the names in the open directory `fd`, which must stand at its beginning. `as` may be NULL. */
bool skiff_list_directory(skiff_listing *listing, int fd, skiff_listed_as *as, skiff_error *err);

/* Sort what was added and take out what is double; to be called once. */
bool skiff_list_sorted(skiff_listing *listing, skiff_error *err);

void skiff_listing_free(skiff_listing *listing);

#endif
