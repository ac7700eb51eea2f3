#include "attributes.h"
#include "../core/cleanup.h"

#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

enum { MAX_RACES = 16 };

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_portable(const char *name)
{
    if (starts_with(name, "trusted.overlay.") || starts_with(name, "user.overlay."))
        return false;
    return starts_with(name, "user.") || starts_with(name, "trusted.") || strcmp(name, "security.capability") == 0 ||
           starts_with(name, "system.posix_acl_");
}

/* The names, one after the other; ERANGE where some came while we asked. */
static ssize_t list_names(const char *path, char **names)
{
    for (int i = 0; i < MAX_RACES; i++) {
        ssize_t room = listxattr(path, NULL, 0);
        if (room <= 0)
            return room;
        free(*names);
        *names = malloc((size_t)room);
        if (!*names)
            return -1;
        ssize_t size = listxattr(path, *names, (size_t)room);
        if (size >= 0 || errno != ERANGE)
            return size;
    }
    return -1;
}

static bool add(skiff_attributes *attributes, const char *name, const void *value, size_t size)
{
    skiff_attribute *list = realloc(attributes->list, (attributes->count + 1) * sizeof *list);
    if (!list)
        return false;
    attributes->list = list;
    skiff_attribute *added = &list[attributes->count++];
    *added = (skiff_attribute){.name = strdup(name), .value = malloc(size ? size : 1), .size = size};
    if (!added->name || !added->value)
        return false;
    memcpy(added->value, value, size);
    return true;
}

static int by_name(const void *one, const void *other)
{
    return strcmp(((const skiff_attribute *)one)->name, ((const skiff_attribute *)other)->name);
}

bool skiff_attributes_read(skiff_attributes *attributes, int fd, skiff_error *err)
{
    /* Neither fgetxattr(2) nor an *at form takes an O_PATH descriptor; its link in /proc leads to the very file. */
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    cleanup_free char *names = NULL;
    ssize_t size = list_names(path, &names);
    if (size <= 0)
        return size == 0 || errno == ENOTSUP || skiff_fail(err, "listxattr", "");
    cleanup_free char *value = malloc(XATTR_SIZE_MAX);
    if (!value)
        return skiff_fail(err, "malloc", "");
    for (const char *name = names; name < names + size; name += strlen(name) + 1) {
        if (!is_portable(name))
            continue;
        ssize_t length = getxattr(path, name, value, XATTR_SIZE_MAX);
        if (length < 0 && errno == ENODATA)
            continue;
        if (length < 0)
            return skiff_fail(err, "getxattr", name);
        if (!add(attributes, name, value, (size_t)length))
            return skiff_fail(err, "malloc", name);
    }
    if (attributes->count > 1)
        qsort(attributes->list, attributes->count, sizeof *attributes->list, by_name);
    return true;
}

bool skiff_attributes_equal(const skiff_attributes *one, const skiff_attributes *other)
{
    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++) {
        const skiff_attribute *a = &one->list[i], *b = &other->list[i];
        if (strcmp(a->name, b->name) != 0 || a->size != b->size || memcmp(a->value, b->value, a->size) != 0)
            return false;
    }
    return true;
}

void skiff_attributes_free(skiff_attributes *attributes)
{
    for (size_t i = 0; i < attributes->count; i++) {
        free(attributes->list[i].name);
        free(attributes->list[i].value);
    }
    free(attributes->list);
    *attributes = (skiff_attributes){0};
}
