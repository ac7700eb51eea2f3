/*
 * Bind mounts. Their sources are paths of the host and the init never sees one of those, so they are opened before it is
 * there, as detached copies of what is mounted (open_tree(2)), and it inherits them: from SKIFF_BIND_FD on, in the order
 * in which its plan attaches them. Linux 5.12, for mount_setattr(2); there is no other way for older ones.
 */
#ifndef SKIFF_CORE_BINDS_H
#define SKIFF_CORE_BINDS_H

#include "error.h"
#include "plan.h"
#include "protocol.h"

#include <stddef.h>

/* Below it are the standard streams, the init's pipe and what its start still needs. */
#define SKIFF_BIND_FD 8
#define SKIFF_KEPT (SKIFF_BIND_FD - SKIFF_PIPE_FD)

/* One record of a source. */
typedef struct skiff_bind {
    const char *source, *below, *target;
    uint32_t flags;
} skiff_bind;

bool skiff_read_bind(skiff_reader *reader, skiff_bind *bind, skiff_error *err);

/* mount_setattr(2) of MOUNT_ATTR_ bits, or of an MS_ propagation, or both (0: none), of the mount alone or of all that came
 * with it. */
bool skiff_set_attributes(int tree, uint64_t set, uint64_t propagation, bool recursive);

/* Whether the first of the records, and so all of them, may be bound early. */
bool skiff_are_early(const void *records, size_t length);

/*
 * In a table of descriptors that nobody shares: move those that are kept, the pipe first of all, to the numbers from
 * SKIFF_PIPE_FD on, where they do not pass execve, and close all from SKIFF_BIND_FD on. -1 is none. False with errno.
 */
bool skiff_keep_below_binds(int *const kept[SKIFF_KEPT]);

/*
 * In the child that becomes the init, async-signal-safe: open the sources that the records name, read-only and with the
 * propagation that they say from the first moment on. What is told as a path below a source is not looked for outside of
 * it, whatever links are there. `user_namespace` is for those whose ids are shifted; -1: none. Everything from SKIFF_BIND_FD on must be free. They pass execve.
 */
bool skiff_open_binds(const void *records, size_t length, int user_namespace, skiff_error *err);

/*
 * In the init, with the container's root as its root: attach one of them to `target`, by the descriptor that
 * skiff_open_target finds or makes, so that no change of a link in between leads it elsewhere.
 */
bool skiff_attach_bind(int tree, const char *target, skiff_error *err);

/* Close them all; `next` is the one after the last. At once, since one by one costs a tenth of the whole. */
void skiff_close_binds(int next);

#endif
