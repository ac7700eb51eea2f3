/* The directory of a container that has ended and has written nothing, for another one: on disk file systems to remove and to
 * make directories takes longer than anything else of a container's life. */
#ifndef SKIFF_CORE_LEFTDIR_H
#define SKIFF_CORE_LEFTDIR_H

#include "error.h"

/*
 * Leave `directory`, which nothing is mounted in, at the path `left`; its record is removed. False where the container has
 * left more than a few directories in its write layer; nothing is changed then.
 */
bool skiff_leave_for_next(const char *directory, const char *left);

/*
 * Make it another container's: it is renamed to `directory` and has neither write layer, whose owner, mode and attributes
 * the container that had it may have changed, nor work directory. On failure it may have either name.
 */
bool skiff_take_left(const char *left, const char *directory, skiff_error *err);

#endif
