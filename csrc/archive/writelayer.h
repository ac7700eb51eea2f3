/* What the write layer of a union file system tells by its names and attributes. */
#ifndef SKIFF_ARCHIVE_WRITELAYER_H
#define SKIFF_ARCHIVE_WRITELAYER_H

#include <stdbool.h>

/* How the write layer says which names it is about. */
typedef enum skiff_hint_kind {
    SKIFF_HINT_NONE,
    SKIFF_HINT_OVERLAY, /* by an entry of that name, a whiteout or not */
    SKIFF_HINT_AUFS,    /* or by one that has `.wh.` before it */
} skiff_hint_kind;

/* aufs(5): `.wh.NAME` hides NAME; what begins with `.wh..wh.` is its own book-keeping, and NULL. */
const char *skiff_without_whiteout(const char *name);

/* The directory `fd` of a write layer does not tell all: it hides what the layers have there, or shows what they have
 * elsewhere. (With metacopy nothing is hidden: content is read through the union.) */
bool skiff_hides_others(int fd, skiff_hint_kind kind);

#endif
