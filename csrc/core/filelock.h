/* File locks that the kernel drops with their holder. */
#ifndef SKIFF_CORE_FILELOCK_H
#define SKIFF_CORE_FILELOCK_H

#include "error.h"

/* Open `path`, made where it is missing, and take flock(2)'s lock on it without waiting. `*fd` holds the lock for as
 * long as it is open; -1 where somebody else has one that excludes it. */
bool skiff_try_lock_file(const char *path, bool shared, int *fd, skiff_error *err);

#endif
