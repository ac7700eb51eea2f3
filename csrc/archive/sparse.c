#include "sparse.h"

#include "../core/cleanup.h"

#include <errno.h>
#include <string.h>

/* Aligned blocks of this size that are zeroes become holes. */
enum { HOLE = 4096 };

static bool is_zero(const char *bytes, size_t size)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static bool write_at(int fd, const char *data, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t wrote = skiff_retry(pwrite(fd, data, size, (off_t)offset));
        if (wrote < 0)
            return false;
        data += wrote;
        offset += (uint64_t)wrote;
        size -= (size_t)wrote;
    }
    return true;
}

/* How many bytes from `at` on are of one sort: zeroes to an aligned block's end, or anything else. */
static size_t run_of(const char *data, size_t size, size_t at, uint64_t offset, bool *hole)
{
    *hole = false;
    size_t end = at;
    while (end < size) {
        size_t step = HOLE - (offset + end) % HOLE;
        if (step > size - end)
            step = size - end;
        bool zero = is_zero(data + end, step);
        if (end == at)
            *hole = zero;
        else if (zero != *hole)
            break;
        end += step;
    }
    return end - at;
}

bool skiff_write_sparse(int fd, const char *data, size_t size, uint64_t offset)
{
    for (size_t at = 0; at < size;) {
        bool hole;
        size_t length = run_of(data, size, at, offset, &hole);
        if (!hole && !write_at(fd, data + at, length, offset + at))
            return false;
        at += length;
    }
    return true;
}

bool skiff_ends_in_hole(const char *data, size_t size, uint64_t whole)
{
    if (size < whole)
        return true;
    size_t tail = size % HOLE ? size % HOLE : HOLE;
    return size > 0 && is_zero(data + size - tail, tail);
}
