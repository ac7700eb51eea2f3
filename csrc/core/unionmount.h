/* One directory made of a write layer over read-only layers. Paths may hold any byte: none is ever put into an option
 * string whose separators it could contain. */
#ifndef SKIFF_CORE_UNIONMOUNT_H
#define SKIFF_CORE_UNIONMOUNT_H

#include "error.h"

#include <stddef.h>

typedef struct skiff_union {
    const char *target;
    const char *const *layers; /* topmost first */
    size_t layer_count;
    const char *upper; /* NULL: the layers alone, read-only; overlay takes two at least then */
    const char *work; /* overlay only; same file system as upper */
    bool is_volatile; /* overlay only: nothing of the write layer need reach the disk */
    bool user_xattr;  /* overlay only: its attributes are user.overlay.*, as in a user namespace; Linux 5.11 */
    bool old_api;     /* overlay only: mount(2) even where the kernel has fsopen(2) */
} skiff_union;

bool skiff_mount_overlay(const skiff_union *what, skiff_error *err);

/* The same as a mount that is attached nowhere, by fsopen(2): move_mount(2) attaches it, and closing it is its end. */
bool skiff_open_overlay(const skiff_union *what, int *mount, skiff_error *err);

/* Remove what overlayfs leaves of a volatile mount in `work` of that directory; what else is there stays. */
void skiff_remove_work(const char *container);

bool skiff_mount_aufs(const skiff_union *what, skiff_error *err);
bool skiff_mount_bind(const char *source, const char *target, skiff_error *err);

/* Unmount whatever is mounted on `target`, lazily where it is in use. Not mounted, or missing, is fine. */
bool skiff_unmount(const char *target, skiff_error *err);

#endif
