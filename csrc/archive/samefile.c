#include "samefile.h"
#include "../core/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 64 * 1024 };

bool skiff_same_status(const struct stat *one, const struct stat *other)
{
    if (one->st_mode != other->st_mode || one->st_uid != other->st_uid || one->st_gid != other->st_gid)
        return false;
    if (S_ISDIR(one->st_mode))
        return true;
    if ((S_ISCHR(one->st_mode) || S_ISBLK(one->st_mode)) && one->st_rdev != other->st_rdev)
        return false;
    return one->st_size == other->st_size && one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
           one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

static bool same_links(int one, int other, bool *same)
{
    char a[PATH_MAX], b[PATH_MAX];
    ssize_t size_a = readlinkat(one, "", a, sizeof a), size_b = readlinkat(other, "", b, sizeof b);
    if (size_a < 0 || size_b < 0)
        return false;
    *same = size_a == size_b && memcmp(a, b, (size_t)size_a) == 0;
    return true;
}

int skiff_reopen(int fd)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static bool same_files(int one, int other, bool *same)
{
    cleanup_fd int from = skiff_reopen(one), to = skiff_reopen(other);
    cleanup_free char *a = malloc(BLOCK), *b = malloc(BLOCK);
    if (from < 0 || to < 0 || !a || !b)
        return false;
    for (off_t at = 0;; at += BLOCK) {
        ssize_t got = skiff_retry(pread(from, a, BLOCK, at)), other_got = skiff_retry(pread(to, b, BLOCK, at));
        if (got < 0 || other_got < 0)
            return false;
        *same = got == other_got && memcmp(a, b, (size_t)got) == 0;
        if (!*same || got < BLOCK)
            return true;
    }
}

bool skiff_same_content(int one, int other, const struct stat *st, bool content, bool *same)
{
    *same = true;
    if (S_ISLNK(st->st_mode))
        return same_links(one, other, same);
    return !content || !S_ISREG(st->st_mode) || same_files(one, other, same);
}
