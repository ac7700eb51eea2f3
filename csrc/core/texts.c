#include "texts.h"
#include "cleanup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define READ_SIZE 4096

/* Room for so many bytes more; grows by half as much again, so that all of them are copied a few times only. */
static bool make_room(skiff_texts *texts, size_t wanted)
{
    if (texts->room - texts->length >= wanted)
        return true;
    size_t room = texts->room + texts->room / 2 + wanted;
    char *bytes = realloc(texts->bytes, room);
    if (!bytes)
        return false;
    texts->bytes = bytes;
    texts->room = room;
    return true;
}

static bool append(skiff_texts *texts, const char *text)
{
    size_t length = strlen(text);
    if (!make_room(texts, length))
        return false;
    memcpy(texts->bytes + texts->length, text, length);
    texts->length += length;
    return true;
}

/* The file's end is 1, a failure -1, with errno; else 0, and there is more. */
static int read_on(int fd, skiff_texts *texts)
{
    if (!make_room(texts, READ_SIZE))
        return -1;
    ssize_t got = skiff_retry(read(fd, texts->bytes + texts->length, READ_SIZE));
    if (got > 0)
        texts->length += (size_t)got;
    return got > 0 ? 0 : got == 0 ? 1 : -1;
}

static bool append_file(int directory, const char *name, const char *file, skiff_texts *texts)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", name, file) >= sizeof path)
        return false;
    /* O_NONBLOCK: should a FIFO have taken the file's place, it must not hold us up. */
    cleanup_fd int fd = openat(directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    for (size_t begin = texts->length; texts->length - begin <= SKIFF_TEXT_MAX;) {
        int end = read_on(fd, texts);
        if (end != 0)
            return end > 0;
    }
    return false;
}

bool skiff_join_texts(const char *directory, const char *const *names, size_t count, const char *file,
                      const char *between, const char *missing, skiff_texts *texts, skiff_error *err)
{
    cleanup_fd int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && !append(texts, between))
            return skiff_fail(err, "realloc", directory);
        size_t begin = texts->length;
        if (dir >= 0 && append_file(dir, names[i], file, texts))
            continue;
        texts->length = begin;
        if (!append(texts, missing))
            return skiff_fail(err, "realloc", directory);
    }
    return true;
}
