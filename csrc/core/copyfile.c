#include "copyfile.h"
#include "cleanup.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

enum { BUFFER = 128 * 1024 };

/* copy_file_range(2) is not for every pair of file systems, and some kernels refuse some of them. */
static bool is_refusal(int errnum)
{
    return errnum == ENOSYS || errnum == EXDEV || errnum == EINVAL || errnum == EOPNOTSUPP || errnum == EPERM;
}

static bool copy_by_hand(int from, int to, off_t start, off_t end)
{
    cleanup_free char *buffer = malloc(BUFFER);
    if (!buffer)
        return false;
    while (start < end) {
        size_t want = end - start < BUFFER ? (size_t)(end - start) : BUFFER;
        ssize_t got = skiff_retry(pread(from, buffer, want, start));
        if (got <= 0)
            return got == 0; /* shorter than it was: a file that is being written to */
        for (ssize_t done = 0; done < got;) {
            ssize_t wrote = skiff_retry(pwrite(to, buffer + done, (size_t)(got - done), start + done));
            if (wrote < 0)
                return false;
            done += wrote;
        }
        start += got;
    }
    return true;
}

static bool copy_range(int from, int to, off_t start, off_t end)
{
    off_t in = start, out = start;
    while (in < end) {
        ssize_t copied = skiff_retry(copy_file_range(from, &in, to, &out, (size_t)(end - in), 0));
        if (copied < 0)
            return is_refusal(errno) && copy_by_hand(from, to, in, end);
        if (copied == 0) /* the end, or a file system such as proc that pretends it */
            return copy_by_hand(from, to, in, end);
    }
    return true;
}

bool skiff_copy_contents(int from, int to, off_t size)
{
    if (size == 0)
        return true;
    if (ioctl(to, FICLONE, from) == 0)
        return true;
    if (ftruncate(to, size) != 0)
        return false;
    for (off_t at = 0; at < size;) {
        off_t start = lseek(from, at, SEEK_DATA);
        if (start < 0 && errno == ENXIO)
            return true; /* a hole up to the end */
        if (start < 0)
            return errno == EINVAL && copy_range(from, to, at, size);
        off_t end = lseek(from, start, SEEK_HOLE);
        if (end < 0)
            end = size;
        if (end > size)
            end = size;
        if (!copy_range(from, to, start, end))
            return false;
        at = end;
    }
    return true;
}
