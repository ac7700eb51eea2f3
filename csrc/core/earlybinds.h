/*
 * Many bind mounts at once. One by one (binds.h) they take five system calls each, and a mount namespace that holds the
 * detached copy for a moment, three times what mount(2) takes. Here the caller's mounts are copied as one tree, private and
 * without devices, which covers the container's root while the binds are made by one mount(2) each, and is gone before the
 * init is there. Which binds can be made so: SKIFF_BIND_EARLY.
 */
#ifndef SKIFF_CORE_EARLYBINDS_H
#define SKIFF_CORE_EARLYBINDS_H

#include "error.h"

#include <stddef.h>

/* A detached copy of all that is mounted here; -1 with errno. */
int skiff_copy_all_mounts(void);

/*
 * In the child that becomes the init, async-signal-safe, in a mount namespace of its own where `root` is mounted: bind the
 * sources that the records name, each to the target that it names. The working directory is `root` afterwards.
 *
 * Missing targets are made. No symbolic link and no other mount may be on the way to one: its name is looked up by mount(2),
 * with the caller's mounts as root. False where one is, or something else fails; the namespace is of no use any more.
 */
bool skiff_bind_early(int root, int mounts, const void *records, size_t length, skiff_error *err);

#endif
