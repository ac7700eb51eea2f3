/* The extended attributes of one file that mean something outside of this machine, xattr(7). */
#ifndef SKIFF_CORE_ATTRIBUTES_H
#define SKIFF_CORE_ATTRIBUTES_H

#include "../core/error.h"

#include <stddef.h>

typedef struct skiff_attribute {
    char *name;
    void *value;
    size_t size;
} skiff_attribute;

/* Sorted by name. */
typedef struct skiff_attributes {
    skiff_attribute *list;
    size_t count;
} skiff_attributes;

/* Read those of the file that `fd` (O_PATH will do) is: user.*, trusted.*, capabilities and ACLs. What overlayfs keeps in
 * attributes about its own layers is left out, and so are labels of a security module: they hold for this host alone. */
bool skiff_attributes_read(skiff_attributes *attributes, int fd, skiff_error *err);

bool skiff_attributes_equal(const skiff_attributes *one, const skiff_attributes *other);

void skiff_attributes_free(skiff_attributes *attributes);

#endif
