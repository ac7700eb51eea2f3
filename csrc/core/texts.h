/* Many small files read at once, their texts one after the other. */
#ifndef SKIFF_CORE_TEXTS_H
#define SKIFF_CORE_TEXTS_H

#include "error.h"

#include <stddef.h>

/* No text is longer: what is, is no small file. */
#define SKIFF_TEXT_MAX (16 * 1024 * 1024)

typedef struct skiff_texts {
    char *bytes; /* allocated; the owner frees them */
    size_t length, room;
} skiff_texts;

/* Put what stands in `directory`/NAME/`file` behind what `texts` has, for each name, with `between` between two. Of a
 * file that cannot be read, or is too long, `missing` stands in its place: why, its reader finds out by itself. False
 * where memory is short alone. */
bool skiff_join_texts(const char *directory, const char *const *names, size_t count, const char *file,
                      const char *between, const char *missing, skiff_texts *texts, skiff_error *err);

#endif
