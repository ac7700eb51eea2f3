#include "extents.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    WORTH_A_MAP = 1 << 20, /* bytes of holes: below it, plain zeroes are read by more programs */
    MAX_EXTENTS = 1 << 16, /* a map of at most two megabytes */
};

bool skiff_is_sparse(const struct stat *st)
{
    return (off_t)st->st_blocks * 512 < st->st_size - WORTH_A_MAP;
}

static bool add(skiff_extents *extents, off_t offset, off_t end)
{
    if (extents->count == extents->room) {
        size_t room = extents->room ? extents->room * 2 : 16;
        skiff_extent *list = realloc(extents->list, room * sizeof *list);
        if (!list)
            return false;
        extents->list = list;
        extents->room = room;
    }
    extents->list[extents->count++] = (skiff_extent){offset, end - offset};
    extents->total += end - offset;
    return true;
}

bool skiff_find_extents(skiff_extents *extents, int fd, off_t size)
{
    for (off_t at = 0; at < size;) {
        off_t start = lseek(fd, at, SEEK_DATA);
        if (start < 0 && errno == ENXIO)
            return true; /* a hole up to the end */
        if (start < 0 || extents->count == MAX_EXTENTS)
            return add(extents, at, size);
        off_t end = lseek(fd, start, SEEK_HOLE);
        if (start >= size)
            return true;
        if (end < 0 || end > size)
            end = size;
        if (!add(extents, start, end))
            return false;
        at = end;
    }
    return true;
}

bool skiff_one_extent(skiff_extents *extents, off_t size)
{
    return add(extents, 0, size);
}

void skiff_extents_free(skiff_extents *extents)
{
    free(extents->list);
    *extents = (skiff_extents){0};
}
