#include "pieces.h"
#include "../core/cleanup.h"
#include "../core/rootpath.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static bool read_piece(int root, const skiff_piece *piece, char *out, skiff_error *err)
{
    /* O_NONBLOCK: should a FIFO have taken the file's place, it must not hold us up. */
    cleanup_fd int fd = skiff_open_in_root(root, piece->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return skiff_fail(err, "open", piece->name);
    if (!S_ISREG(st.st_mode))
        return skiff_fail_with(err, EIO, "open", piece->name);
    for (size_t done = 0; done < piece->size;) {
        ssize_t got = skiff_retry(pread(fd, out + done, piece->size - done, (off_t)(piece->offset + done)));
        if (got < 0)
            return skiff_fail(err, "read", piece->name);
        if (got == 0)
            return skiff_fail_with(err, EIO, "read", piece->name);
        done += (size_t)got;
    }
    return true;
}

bool skiff_read_pieces(const char *root, const skiff_piece *pieces, size_t count, char *out, skiff_error *err)
{
    cleanup_fd int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return skiff_fail(err, "open", root);
    for (size_t i = 0; i < count; out += pieces[i++].size) {
        if (pieces[i].data)
            memcpy(out, pieces[i].data, pieces[i].size);
        else if (!read_piece(dir, &pieces[i], out, err))
            return false;
    }
    return true;
}
