#include "record.h"

#include "../../core/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#define RECORD "state.json"
#define NEW_RECORD "state.json.new"
#define EVENT_ROOM 4096 /* bytes of an event: what one write(2) appends in one piece */
#define EVENT_ATTEMPTS 50
#define EVENT_WAIT_US 1000

/* Text that grows; what does not fit is cut, which none of the callers reaches. */
typedef struct {
    char bytes[2048];
    size_t length;
} text;

static void add(text *to, const char *format, ...)
{
    size_t room = sizeof to->bytes - to->length;
    va_list values;
    va_start(values, format);
    int length = vsnprintf(to->bytes + to->length, room, format, values);
    va_end(values);
    if (length > 0)
        to->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void add_quoted(text *to, const char *value)
{
    add(to, "\"");
    for (const unsigned char *at = (const unsigned char *)value; *at; at++)
        add(to, *at < 0x20 || *at == '"' || *at == '\\' || *at > 0x7e ? "\\u%04x" : "%c", *at);
    add(to, "\"");
}

static void add_process(text *to, const char *name, pid_t pid, unsigned long long start, const char *identity)
{
    if (pid > 0)
        add(to, ",\"%s\":{\"pid\":%d,\"startTime\":%llu,%s}", name, (int)pid, start, identity);
}

static void add_state(text *to, const skiff_state *state, const char *identity)
{
    add(to, ",\"state\":{\"status\":\"%s\"", state->status);
    add_process(to, "monitor", state->monitor, state->monitor_start, identity);
    add_process(to, "init", state->init, state->init_start, identity);
    if (state->started_ms > 0)
        add(to, ",\"startedAt\":%llu", (unsigned long long)state->started_ms);
    if (state->finished_ms > 0)
        add(to, ",\"finishedAt\":%llu", (unsigned long long)state->finished_ms);
    if (state->exit_code >= 0)
        add(to, ",\"exitCode\":%d", state->exit_code);
    if (state->oom_killed)
        add(to, ",\"oomKilled\":true");
    if (state->restarts > 0)
        add(to, ",\"restartCount\":%u", state->restarts);
    if (state->log_lines_lost > 0)
        add(to, ",\"logLinesLost\":%llu", (unsigned long long)state->log_lines_lost);
    if (state->error[0]) {
        add(to, ",\"error\":");
        add_quoted(to, state->error);
    }
    add(to, "}}\n");
}

uint64_t skiff_epoch_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static bool write_parts(int file, const char *first, const text *second)
{
    struct iovec parts[] = {{(void *)first, strlen(first)}, {(void *)second->bytes, second->length}};
    return skiff_retry(writev(file, parts, 2)) == (ssize_t)(parts[0].iov_len + parts[1].iov_len);
}

static bool replace_record(int directory, const char *first, const text *second, skiff_error *err)
{
    cleanup_fd int file = openat(directory, NEW_RECORD, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return skiff_fail(err, "open", NEW_RECORD);
    errno = ENOSPC; /* what a short write means */
    if (!write_parts(file, first, second))
        return skiff_fail(err, "write", NEW_RECORD);
    return renameat(directory, NEW_RECORD, directory, RECORD) == 0 || skiff_fail(err, "rename", RECORD);
}

/* On a full disk: into the blocks that the record has already. */
static bool overwrite_record(int directory, const char *first, const text *second, skiff_error *err)
{
    unlinkat(directory, NEW_RECORD, 0);
    cleanup_fd int file = openat(directory, RECORD, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return skiff_fail(err, "open", RECORD);
    if (!write_parts(file, first, second) || ftruncate(file, (off_t)(strlen(first) + second->length)) != 0)
        return skiff_fail(err, "write", RECORD);
    return true;
}

bool skiff_write_record(int directory, const skiff_amendable *amendable, const skiff_state *state, skiff_error *err)
{
    text tail = {.length = 0};
    add_state(&tail, state, amendable->identity);
    if (replace_record(directory, amendable->record, &tail, err))
        return true;
    return (err->errnum == ENOSPC || err->errnum == EDQUOT) &&
           overwrite_record(directory, amendable->record, &tail, err);
}

static bool is_at(const char *path, int file)
{
    struct stat there, open_one;
    return stat(path, &there) == 0 && fstat(file, &open_one) == 0 && there.st_dev == open_one.st_dev &&
           there.st_ino == open_one.st_ino;
}

/* As appendEvent of lib/state/events.ts: who writes has the file to himself, so that nobody renames it meanwhile. One who
 * was stopped with the lock is not waited for. */
static int open_events(const char *path)
{
    for (int attempt = 1;; attempt++) {
        cleanup_fd int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0)
            return -1;
        bool locked = flock(file, LOCK_EX | LOCK_NB) == 0;
        if ((locked && is_at(path, file)) || attempt == EVENT_ATTEMPTS)
            return skiff_steal_fd(&file);
        if (!locked)
            usleep(EVENT_WAIT_US);
    }
}

void skiff_append_event(const skiff_request *request, const char *action, const char *attribute, int value)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    text tail = {.length = 0};
    if (attribute)
        add(&tail, ",\"%s\":\"%d\"", attribute, value);
    add(&tail, "},\"action\":\"%s\",\"timeNano\":%lld%09ld}\n", action, (long long)now.tv_sec, now.tv_nsec);
    if (strlen(request->amendable.event) + tail.length > EVENT_ROOM)
        return;
    cleanup_fd int file = open_events(request->events);
    if (file >= 0)
        write_parts(file, request->amendable.event, &tail);
}
