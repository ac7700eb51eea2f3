/* Into a container that runs: all of its namespaces and its root; setns(2). */
#ifndef SKIFF_INIT_JOIN_H
#define SKIFF_INIT_JOIN_H

#include "../core/error.h"

/* What the new process is given. */
typedef struct skiff_joined {
    int terminal_master; /* -1: none was asked for */
    int terminal_slave;
} skiff_joined;

/*
 * Do what JOIN asks for: join, and clone the process that goes on inside. It returns in that one alone, whose parent is
 * the caller; this process ends with JOINED. False where either failed.
 */
bool skiff_join_container(skiff_joined *joined, skiff_error *err);

#endif
