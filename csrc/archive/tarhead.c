#include "tarhead.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

/* struct posix_header, pax(1), "ustar Interchange Format". */
typedef struct ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, linkname[100];
    char magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[155], unused[12];
} ustar;
_Static_assert(sizeof(ustar) == SKIFF_TAR_BLOCK, "a header is one block");

bool skiff_bytes_add(skiff_bytes *bytes, const void *data, size_t size)
{
    if (bytes->used + size > bytes->room) {
        size_t room = (bytes->room + size) * 2;
        char *larger = realloc(bytes->data, room);
        if (!larger)
            return false;
        bytes->data = larger;
        bytes->room = room;
    }
    memcpy(bytes->data + bytes->used, data, size);
    bytes->used += size;
    return true;
}

void skiff_bytes_free(skiff_bytes *bytes)
{
    free(bytes->data);
    *bytes = (skiff_bytes){0};
}

size_t skiff_tar_padding(uint64_t size)
{
    return (size_t)(-size % SKIFF_TAR_BLOCK);
}

static bool add_padding(skiff_bytes *bytes, uint64_t size)
{
    static const char zeroes[SKIFF_TAR_BLOCK];
    return skiff_bytes_add(bytes, zeroes, skiff_tar_padding(size));
}

/* ---- Fields ---- */

/* Octal digits with a NUL behind them. False where the number needs more. */
static bool put_octal(char *field, size_t width, uint64_t value)
{
    if (value >> (3 * (width - 1)) != 0)
        return false;
    for (size_t i = width - 1; i > 0; i--, value >>= 3)
        field[i - 1] = (char)('0' + (value & 7));
    field[width - 1] = '\0';
    return true;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* The name as it is, or split at a slash between prefix and name. False where it is too long, or no ASCII: what the bytes
 * of a ustar name mean beyond that is not defined. */
static bool put_name(ustar *header, const char *name)
{
    size_t length = strlen(name);
    if (!is_ascii(name))
        return false;
    if (length <= sizeof header->name) {
        memcpy(header->name, name, length);
        return true;
    }
    if (length > sizeof header->name + 1 + sizeof header->prefix)
        return false;
    /* The rest behind the slash must fit, and must not be empty. */
    const char *slash = strchr(name + length - sizeof header->name - 1, '/');
    if (!slash || slash == name || slash[1] == '\0' || (size_t)(slash - name) > sizeof header->prefix)
        return false;
    memcpy(header->prefix, name, (size_t)(slash - name));
    memcpy(header->name, slash + 1, strlen(slash + 1));
    return true;
}

static bool put_target(ustar *header, const char *target)
{
    size_t length = strlen(target);
    if (length > sizeof header->linkname || !is_ascii(target))
        return false;
    memcpy(header->linkname, target, length);
    return true;
}

static void put_checksum(ustar *header)
{
    memset(header->checksum, ' ', sizeof header->checksum);
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof *header; i++)
        sum += ((const unsigned char *)header)[i];
    put_octal(header->checksum, 7, sum);
}

static void begin(ustar *header, char type)
{
    *header = (ustar){.type = type};
    memcpy(header->magic, "ustar", 6);
    memcpy(header->version, "00", 2);
}

/* ---- Extended headers ---- */

/* "LENGTH KEY=VALUE\n", the length counting itself. */
static bool add_record(skiff_bytes *bytes, const char *key, const char *more, const void *value, size_t size)
{
    size_t rest = 1 + strlen(key) + strlen(more) + 1 + size + 1;
    size_t total = rest + 1;
    char digits[24];
    while ((size_t)snprintf(digits, sizeof digits, "%zu", total) + rest != total)
        total = rest + strlen(digits);
    return skiff_bytes_add(bytes, digits, strlen(digits)) && skiff_bytes_add(bytes, " ", 1) &&
           skiff_bytes_add(bytes, key, strlen(key)) && skiff_bytes_add(bytes, more, strlen(more)) &&
           skiff_bytes_add(bytes, "=", 1) && skiff_bytes_add(bytes, value, size) && skiff_bytes_add(bytes, "\n", 1);
}

static bool add_number(skiff_bytes *bytes, const char *key, uint64_t value)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return add_record(bytes, key, "", text, (size_t)length);
}

/* Seconds with decimals and without zeroes at their end; those of before 1970 count the decimals downwards. */
static bool add_time(skiff_bytes *bytes, const char *key, const struct timespec *time)
{
    long long seconds = time->tv_sec;
    long nanoseconds = time->tv_nsec;
    bool negative = seconds < 0;
    if (negative && nanoseconds > 0) {
        seconds++;
        nanoseconds = 1000000000 - nanoseconds;
    }
    char text[48];
    int length = snprintf(text, sizeof text, "%s%lld.%09ld", negative ? "-" : "", negative ? -seconds : seconds,
                          nanoseconds);
    while (text[length - 1] == '0')
        length--;
    if (text[length - 1] == '.')
        length--;
    return add_record(bytes, key, "", text, (size_t)length);
}

static bool is_utf8(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        int more = *at < 0x80 ? 0 : *at >= 0xc2 && *at < 0xe0 ? 1 : *at >= 0xe0 && *at < 0xf0 ? 2 : *at >= 0xf0 && *at < 0xf5 ? 3 : -1;
        /* Overlong forms, surrogates, and what is beyond Unicode. */
        if (more < 0 || (*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) || (*at == 0xf0 && at[1] < 0x90) ||
            (*at == 0xf4 && at[1] > 0x8f))
            return false;
        for (at++; more > 0; more--, at++)
            if ((*at & 0xc0) != 0x80)
                return false;
    }
    return true;
}

/* GNU's sparse format 1.0 ("Storing Sparse Files" in the manual of GNU tar). Readers that do not know it find the map and
 * the data under a name that tells what it is. */
static bool split_sparse(ustar *header, skiff_bytes *records, const skiff_tar_head *head)
{
    memcpy(header->name, "GNUSparseFile.0/entry", 22);
    return add_number(records, "GNU.sparse.major", 1) && add_number(records, "GNU.sparse.minor", 0) &&
           add_record(records, "GNU.sparse.name", "", head->name, strlen(head->name)) &&
           add_number(records, "GNU.sparse.realsize", (uint64_t)head->st->st_size);
}

/* Put what ustar can say into the header, and the rest into records. */
static bool split(ustar *header, skiff_bytes *records, const skiff_tar_head *head)
{
    const struct stat *st = head->st;
    const char *target = head->target ? head->target : "";
    bool name_fits = !head->sparse && put_name(header, head->name), target_fits = put_target(header, target);
    bool is_text = is_utf8(head->name) && is_utf8(target);
    if (!is_text && !add_record(records, "hdrcharset", "", "BINARY", 6))
        return false;
    if (head->sparse && !split_sparse(header, records, head))
        return false;
    if (!name_fits && !head->sparse && !add_record(records, "path", "", head->name, strlen(head->name)))
        return false;
    if (!target_fits && !add_record(records, "linkpath", "", target, strlen(target)))
        return false;
    put_octal(header->mode, sizeof header->mode, st->st_mode & 07777);
    if (!put_octal(header->uid, sizeof header->uid, st->st_uid) && !add_number(records, "uid", st->st_uid))
        return false;
    if (!put_octal(header->gid, sizeof header->gid, st->st_gid) && !add_number(records, "gid", st->st_gid))
        return false;
    if (!put_octal(header->size, sizeof header->size, head->size) && !add_number(records, "size", head->size))
        return false;
    bool has_time = st->st_mtim.tv_sec >= 0 &&
                    put_octal(header->mtime, sizeof header->mtime, (uint64_t)st->st_mtim.tv_sec);
    if ((!has_time || st->st_mtim.tv_nsec != 0) && !add_time(records, "mtime", &st->st_mtim))
        return false;
    for (size_t i = 0; head->attributes && i < head->attributes->count; i++) {
        const skiff_attribute *attribute = &head->attributes->list[i];
        if (!add_record(records, "SCHILY.xattr.", attribute->name, attribute->value, attribute->size))
            return false;
    }
    return true;
}

static bool add_extended(skiff_bytes *bytes, const skiff_bytes *records)
{
    ustar header;
    begin(&header, 'x');
    memcpy(header.name, "PaxHeaders/entry", 16);
    put_octal(header.mode, sizeof header.mode, 0644);
    put_octal(header.uid, sizeof header.uid, 0);
    put_octal(header.gid, sizeof header.gid, 0);
    put_octal(header.size, sizeof header.size, records->used);
    put_octal(header.mtime, sizeof header.mtime, 0);
    put_checksum(&header);
    return skiff_bytes_add(bytes, &header, sizeof header) && skiff_bytes_add(bytes, records->data, records->used) &&
           add_padding(bytes, records->used);
}

/* A name that is told by a record has a shortened one in the header, for readers that know no records. */
static void fill_in(ustar *header, const skiff_tar_head *head)
{
    if (header->name[0] == '\0')
        memcpy(header->name, head->name, strnlen(head->name, sizeof header->name - 1));
    if (head->target && header->linkname[0] == '\0')
        memcpy(header->linkname, head->target, strnlen(head->target, sizeof header->linkname - 1));
    if (header->uid[0] == '\0')
        put_octal(header->uid, sizeof header->uid, 0);
    if (header->gid[0] == '\0')
        put_octal(header->gid, sizeof header->gid, 0);
    if (header->size[0] == '\0')
        put_octal(header->size, sizeof header->size, 0);
    if (header->mtime[0] == '\0')
        put_octal(header->mtime, sizeof header->mtime, 0);
}

bool skiff_tar_add_head(skiff_bytes *bytes, const skiff_tar_head *head, skiff_error *err)
{
    ustar header;
    skiff_bytes records = {0};
    begin(&header, head->type);
    bool ok = split(&header, &records, head);
    fill_in(&header, head);
    if (head->type == '3' || head->type == '4') {
        put_octal(header.devmajor, sizeof header.devmajor, major(head->st->st_rdev));
        put_octal(header.devminor, sizeof header.devminor, minor(head->st->st_rdev));
    }
    put_checksum(&header);
    ok = ok && (records.used == 0 || add_extended(bytes, &records)) && skiff_bytes_add(bytes, &header, sizeof header);
    skiff_bytes_free(&records);
    return ok || skiff_fail_with(err, ENOMEM, "malloc", head->name);
}
