#include "listing.h"

#include <stdlib.h>
#include <string.h>

typedef struct collector {
    skiff_names *names;
    skiff_listed_as *as;
} collector;

static bool collect(void *context, const char *name, unsigned char type, skiff_error *err)
{
    collector *c = context;
    const char *listed = c->as ? c->as(name) : name;
    return !listed || skiff_names_add(c->names, listed) || skiff_fail(err, "realloc", name);
}

bool skiff_list_directory(skiff_listing *listing, int fd, skiff_listed_as *as, skiff_error *err)
{
    collector c = {&listing->names, as};
    return skiff_each_entry(fd, collect, &c, err);
}

static int by_bytes(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

bool skiff_list_sorted(skiff_listing *listing, skiff_error *err)
{
    const char *end = listing->names.text + listing->names.used;
    size_t count = 0;
    for (const char *name = listing->names.text; name < end; name += strlen(name) + 1)
        count++;
    listing->sorted = malloc((count ? count : 1) * sizeof *listing->sorted);
    if (!listing->sorted)
        return skiff_fail(err, "malloc", "");
    count = 0;
    for (const char *name = listing->names.text; name < end; name += strlen(name) + 1)
        listing->sorted[count++] = name;
    qsort(listing->sorted, count, sizeof *listing->sorted, by_bytes);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(listing->sorted[i], listing->sorted[listing->count - 1]) != 0)
            listing->sorted[listing->count++] = listing->sorted[i];
    return true;
}

void skiff_listing_free(skiff_listing *listing)
{
    skiff_names_free(&listing->names);
    free(listing->sorted);
    *listing = (skiff_listing){0};
}
