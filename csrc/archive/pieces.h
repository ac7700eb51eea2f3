/* Reading many files of a tree at once, as an archive has them one after the other. */
#ifndef SKIFF_CORE_PIECES_H
#define SKIFF_CORE_PIECES_H

#include "../core/error.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes as they are, or `size` bytes of a file from `offset` on. */
typedef struct skiff_piece {
    const void *data; /* NULL: of the file */
    const char *name; /* below the root */
    uint64_t offset;
    size_t size;
} skiff_piece;

/* Put the pieces into `out` one after the other. Links are resolved as if `root` were "/". The error's path is the
 * file's name; EIO where it is no regular file or has fewer bytes. */
bool skiff_read_pieces(const char *root, const skiff_piece *pieces, size_t count, char *out, skiff_error *err);

#endif
