/*
 * The way to an init that takes no execve(2): a starter is a process with the init's program that waits for orders
 * (csrc/init/starter.c), and clones inits that go on in its memory. To load the program anew for each of them takes a
 * tenth of a start, and more where page tables are dear.
 *
 * What it clones is the caller's child (CLONE_PARENT), and until execve(2) the starter waits for it (CLONE_VFORK): none that
 * is to stay parked is made by it. Killed at any moment, it takes nothing with it: what it has cloned lives on and tells of
 * itself, and what it has not is launched by the caller.
 */
#ifndef SKIFF_CORE_STARTER_H
#define SKIFF_CORE_STARTER_H

#include "launch.h"

typedef enum skiff_ordered {
    SKIFF_ORDERED,   /* launched */
    SKIFF_REFUSED,   /* `err` tells; nothing is left */
    SKIFF_NO_STARTER /* it is gone, or cannot do it here; nothing is left */
} skiff_ordered;

/* Whether it can make this one: mounts from a base, the caller's user namespace, and few enough bytes for
 * the block of memory that all its inits use one after the other. */
bool skiff_may_order(const skiff_launch_options *options);

/* As skiff_launch; the init has its PLAN already. Blocks. */
skiff_ordered skiff_order_launch(const skiff_launch_options *options, skiff_launched *launched, skiff_error *err);

#endif
