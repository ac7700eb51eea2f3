#include "log.h"

#include "../../core/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define NAME "log"
#define LINE_ROOM (16u << 10) /* bytes of one entry's text at most */

/* A power cut may have left a line in part: what comes next is none of it. */
static void end_torn_line(skiff_log *log)
{
    char last = '\n';
    if (log->size > 0 && pread(log->file, &last, 1, (off_t)log->size - 1) == 1 && last != '\n' &&
        write(log->file, "\n", 1) == 1)
        log->size++;
}

static void open_file(skiff_log *log)
{
    struct stat about;
    log->file = openat(log->directory, NAME, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    log->size = log->file >= 0 && fstat(log->file, &about) == 0 ? (uint64_t)about.st_size : 0;
    if (log->file < 0)
        log->error = errno;
    else
        end_torn_line(log);
}

void skiff_log_open(skiff_log *log, int directory, uint64_t limit, uint32_t files)
{
    log->directory = directory;
    log->limit = limit;
    log->files = files;
    log->file = -1;
    if (files > 0)
        open_file(log);
}

/* log.1 is the youngest of those that are full. */
static void rotate(skiff_log *log)
{
    char from[32], to[32];
    /* Renamed over, its successor would be written to the disk at once: ext4(5), auto_da_alloc. */
    snprintf(to, sizeof to, log->files == 1 ? NAME : NAME ".%u", log->files - 1);
    unlinkat(log->directory, to, 0);
    for (uint32_t number = log->files - 1; number > 0; number--) {
        snprintf(from, sizeof from, number == 1 ? NAME : NAME ".%u", number - 1);
        snprintf(to, sizeof to, NAME ".%u", number);
        renameat(log->directory, from, log->directory, to);
    }
    skiff_close_fd(&log->file);
    open_file(log);
}

static void lose(skiff_log *log, int error)
{
    log->error = error;
    log->lines_lost += log->lines;
}

static void flush(skiff_log *log)
{
    if (log->limit > 0 && log->size > 0 && log->size + log->used > log->limit)
        rotate(log);
    size_t done = 0;
    while (log->file >= 0 && done < log->used) {
        ssize_t written = skiff_retry(write(log->file, log->buffer + done, log->used - done));
        if (written < 0)
            break;
        done += (size_t)written;
    }
    if (done < log->used) {
        lose(log, log->file < 0 ? log->error : errno);
        /* No entry is there in part. */
        if (log->file >= 0 && done > 0 && ftruncate(log->file, (off_t)log->size) != 0)
            log->size += done;
    } else {
        log->size += done;
    }
    if (log->file < 0)
        open_file(log);
    log->used = log->lines = 0;
}

/* `2026-11-25T02:46:11.123456789Z stdout `; returns its length. */
static size_t stamp(char *text, size_t room, int stream)
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    return (size_t)snprintf(text, room, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ %s ", parts.tm_year + 1900,
                            parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec,
                            stream == 2 ? "stderr" : "stdout");
}

void skiff_log_write(skiff_log *log, int stream, const char *bytes, size_t length)
{
    if (log->files == 0)
        return;
    char prefix[80];
    size_t stamped = stamp(prefix, sizeof prefix, stream);
    while (length > 0) {
        size_t most = length < LINE_ROOM ? length : LINE_ROOM;
        const char *end = memchr(bytes, '\n', most);
        size_t text = end ? (size_t)(end - bytes) : most;
        size_t needed = stamped + 2 + text + 1;
        if (log->used + needed > sizeof log->buffer || (log->limit > 0 && log->used + needed > log->limit))
            flush(log);
        char *at = log->buffer + log->used;
        memcpy(at, prefix, stamped);
        at[stamped] = end ? 'F' : 'P';
        at[stamped + 1] = ' ';
        memcpy(at + stamped + 2, bytes, text);
        at[needed - 1] = '\n';
        log->used += needed;
        log->lines++;
        size_t taken = text + (end ? 1 : 0);
        bytes += taken;
        length -= taken;
    }
    flush(log);
}
