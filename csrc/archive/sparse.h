/* Writing files with holes: zeroes take no room on disk. */
#ifndef SKIFF_ARCHIVE_SPARSE_H
#define SKIFF_ARCHIVE_SPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Write all of `data` at `offset`, but for aligned blocks of zeroes; false with errno. A hole at the end of the file is
 * there only once its size is set. */
bool skiff_write_sparse(int fd, const char *data, size_t size, uint64_t offset);

/* Whether skiff_write_sparse of `data` at the beginning of a file of `whole` bytes does not reach the file's end. */
bool skiff_ends_in_hole(const char *data, size_t size, uint64_t whole);

#endif
