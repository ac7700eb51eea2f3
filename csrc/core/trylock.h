/* Locks that the kernel drops with the descriptor, whatever ends its owner: flock(2) on a directory. */
#ifndef SKIFF_CORE_TRYLOCK_H
#define SKIFF_CORE_TRYLOCK_H

#include "error.h"

/*
 * Lock the directory at `path` without waiting. The descriptor is the caller's; -1 where it can not be had: `err` has
 * EWOULDBLOCK where somebody else holds the lock, ENOENT where the directory is gone, or was replaced while it was opened.
 */
int skiff_try_lock(const char *path, bool shared, skiff_error *err);

#endif
