#include "linktable.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t place_of(const skiff_links *links, dev_t dev, ino_t ino)
{
    uint64_t hash = ((uint64_t)ino ^ ((uint64_t)dev << 32)) * 0x9E3779B97F4A7C15u;
    size_t at = (size_t)(hash >> 20) & (links->room - 1);
    while (links->table[at].path && (links->table[at].ino != ino || links->table[at].dev != dev))
        at = (at + 1) & (links->room - 1);
    return at;
}

const char *skiff_links_find(const skiff_links *links, dev_t dev, ino_t ino)
{
    return links->room ? links->table[place_of(links, dev, ino)].path : NULL;
}

static bool grow(skiff_links *links)
{
    skiff_links larger = {.room = links->room ? links->room * 2 : 64};
    larger.table = calloc(larger.room, sizeof *larger.table);
    if (!larger.table)
        return false;
    for (size_t i = 0; i < links->room; i++) {
        const skiff_link *link = &links->table[i];
        if (link->path)
            larger.table[place_of(&larger, link->dev, link->ino)] = *link;
    }
    free(links->table);
    links->table = larger.table;
    links->room = larger.room;
    return true;
}

bool skiff_links_add(skiff_links *links, dev_t dev, ino_t ino, const char *path)
{
    if (links->used * 2 >= links->room && !grow(links))
        return false;
    char *copy = strdup(path);
    if (!copy)
        return false;
    skiff_link *link = &links->table[place_of(links, dev, ino)];
    free(link->path);
    links->used += link->path == NULL;
    *link = (skiff_link){.dev = dev, .ino = ino, .path = copy};
    return true;
}

void skiff_links_free(skiff_links *links)
{
    for (size_t i = 0; i < links->room; i++)
        free(links->table[i].path);
    free(links->table);
    *links = (skiff_links){0};
}
