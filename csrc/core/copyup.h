/* The first use of a volume: what the image has at its place is copied into it. */
#ifndef SKIFF_CORE_COPYUP_H
#define SKIFF_CORE_COPYUP_H

#include "error.h"

typedef struct skiff_copy_up {
    const char *path;      /* in the container; links on the way are followed inside of its root */
    const char *volume;    /* the volume's directory, which has _data */
    const char *temporary; /* directory to be made for the copy, on the volume's file system */
} skiff_copy_up;

/*
 * Copy the directory at `path` below `root` into an empty volume, with owners, modes, times, attributes and hard links,
 * its own ones too. A volume that is not empty is left as it is, and where the image has no directory there is nothing
 * to copy. Whole or not at all: the copy is made aside, becomes the volume's by one rename, and its entries are moved to
 * their place; where that is cut short, the next call ends it. The caller holds the volume's lock.
 */
bool skiff_copy_into_volume(const char *root, const skiff_copy_up *what, skiff_error *err);

#endif
