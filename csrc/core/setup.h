/* The part of a container's start that its init does before it parks: root, mounts, devices, names, network. */
#ifndef SKIFF_CORE_SETUP_H
#define SKIFF_CORE_SETUP_H

#include "error.h"
#include "fault.h"

#include <stddef.h>

enum { SKIFF_HELD_MOUNTS = 2 };

/* A new file system that is not mounted yet. */
typedef struct skiff_held_mount {
    const char *type; /* NULL: mounted by now */
    int fd;
} skiff_held_mount;

/* What set-up leaves for later. */
typedef struct skiff_setup {
    skiff_fault fault;
    bool on_base;      /* what the root is mounted over is the mount base's, mountbase.h */
    const char *empty; /* a masked directory, which can mask others too; NULL before the first */
    int null;          /* the container's /dev/null, once the user's mounts have begun; else -1 */
    skiff_held_mount held[SKIFF_HELD_MOUNTS];
    int held_count;
    int next_bind; /* descriptor of the source that the next BIND attaches */
    int terminal_master; /* -1 where the plan asked for no terminal */
    int terminal_slave;
} skiff_setup;

/* Carry out the set-up records of a plan, in order. */
bool skiff_set_up(skiff_setup *setup, bool on_base, const void *plan, size_t length, skiff_error *err);

#endif
