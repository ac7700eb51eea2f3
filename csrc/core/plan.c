#include "plan.h"

#include <errno.h>
#include <string.h>

static bool bad(skiff_error *err, const char *what)
{
    return skiff_fail_with(err, EBADMSG, "plan", what);
}

static size_t left(const skiff_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

static bool take(skiff_reader *reader, void *value, size_t size, skiff_error *err)
{
    if (left(reader) < size)
        return bad(err, "ends inside a value");
    memcpy(value, reader->at, size);
    reader->at += size;
    return true;
}

bool skiff_read_u32(skiff_reader *reader, uint32_t *value, skiff_error *err)
{
    return take(reader, value, sizeof *value, err);
}

bool skiff_read_u64(skiff_reader *reader, uint64_t *value, skiff_error *err)
{
    return take(reader, value, sizeof *value, err);
}

bool skiff_plan_open(skiff_reader *reader, const void *bytes, size_t length, skiff_error *err)
{
    *reader = (skiff_reader){bytes, (const uint8_t *)bytes + length};
    uint32_t version;
    if (!skiff_read_u32(reader, &version, err))
        return false;
    return version == SKIFF_PLAN_VERSION || bad(err, "is of another version than this init");
}

bool skiff_read_record(skiff_reader *reader, skiff_record *record, skiff_error *err)
{
    uint32_t length;
    if (!skiff_read_u32(reader, &record->operation, err) || !skiff_read_u32(reader, &length, err))
        return false;
    if (left(reader) < length)
        return bad(err, "ends inside a record");
    record->payload = (skiff_reader){reader->at, reader->at + length};
    reader->at += length;
    return true;
}

bool skiff_read_text(skiff_reader *reader, const char **text, skiff_error *err)
{
    uint32_t length;
    if (!skiff_read_u32(reader, &length, err))
        return false;
    if (length == 0 || left(reader) < length)
        return bad(err, "ends inside a text");
    if (memchr(reader->at, '\0', length) != reader->at + length - 1)
        return bad(err, "has a text with a misplaced NUL");
    *text = (const char *)reader->at;
    reader->at += length;
    return true;
}

bool skiff_read_bytes(skiff_reader *reader, const void **bytes, size_t *length, skiff_error *err)
{
    uint32_t count;
    if (!skiff_read_u32(reader, &count, err))
        return false;
    if (left(reader) < count)
        return bad(err, "ends inside bytes");
    *bytes = reader->at;
    *length = count;
    reader->at += count;
    return true;
}

static bool read_each(skiff_reader *reader, char **list, uint32_t count, skiff_error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *text;
        if (!skiff_read_text(reader, &text, err))
            return false;
        list[i] = (char *)text;
    }
    return true;
}

bool skiff_read_texts(skiff_reader *reader, skiff_room *room, char ***texts, skiff_error *err)
{
    uint32_t count;
    if (!skiff_read_u32(reader, &count, err))
        return false;
    if (count > left(reader) / 5) /* a text takes five bytes at least: bounds what is allocated */
        return bad(err, "counts more texts than it has");
    char **list = skiff_take_room(room, (size_t)count + 1, sizeof *list);
    if (!list)
        return skiff_fail(err, "calloc", NULL);
    if (!read_each(reader, list, count, err)) {
        if (!room)
            free(list);
        return false;
    }
    *texts = list;
    return true;
}

bool skiff_read_end(const skiff_reader *reader, skiff_error *err)
{
    return !skiff_more(reader) || bad(err, "has a record that is longer than its operation takes");
}

bool skiff_plan_without(uint32_t operation, const void *plan, size_t *length, void **rest, skiff_error *err)
{
    skiff_reader reader;
    if (!skiff_plan_open(&reader, plan, *length, err))
        return false;
    unsigned char *copy = malloc(*length), *end = copy;
    if (!copy)
        return skiff_fail(err, "malloc", NULL);
    end = mempcpy(end, plan, (size_t)(reader.at - (const unsigned char *)plan));
    while (skiff_more(&reader)) {
        const unsigned char *start = reader.at;
        skiff_record record;
        if (!skiff_read_record(&reader, &record, err)) {
            free(copy);
            return false;
        }
        if (record.operation != operation)
            end = mempcpy(end, start, (size_t)(reader.at - start));
    }
    *length = (size_t)(end - copy);
    *rest = copy;
    return true;
}
