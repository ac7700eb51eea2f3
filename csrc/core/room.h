/* Memory for what lives until execve, from a block that the program has from its beginning: to ask the C library for some
 * takes a new program half a dozen calls and as many new pages. */
#ifndef SKIFF_CORE_ROOM_H
#define SKIFF_CORE_ROOM_H

#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>

typedef struct skiff_room {
    char *at; /* aligned for anything */
    char *end;
} skiff_room;

/*
 * `count` times `size` bytes, all of them 0, of a block that was: never given back. Where there is no block, or too little
 * of it is left, they are calloc's, and NULL where it has none.
 */
static inline void *skiff_take_room(skiff_room *room, size_t count, size_t size)
{
    size_t left = room ? (size_t)(room->end - room->at) : 0, unit = alignof(max_align_t);
    if (size == 0 || count > left / size)
        return calloc(count, size);
    size_t taken = (count * size + unit - 1) / unit * unit;
    if (taken > left)
        return calloc(count, size);
    void *start = room->at;
    room->at += taken;
    return start;
}

#endif
