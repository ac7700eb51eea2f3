/* The caller's side of joining a container that runs: a process of the caller's in all of its namespaces and cgroups,
 * which waits for GO as an init does. */
#ifndef SKIFF_CORE_ENTER_H
#define SKIFF_CORE_ENTER_H

#include "launch.h"

typedef struct skiff_enter_options {
    int init;      /* descriptor of the static init */
    pid_t pid;     /* the container's init */
    int container; /* pidfd of the same process */
    const skiff_cgroup *cgroups; /* the container's, made */
    size_t cgroup_count;
    uint32_t flags; /* SKIFF_JOIN_ flags */
    uint32_t rows, columns;
} skiff_enter_options;

/*
 * Make a process in the container, up to its command; skiff_go gives it that. `*terminal` is the master where one was
 * asked for, else -1. An orphan has no pidfd (-1): it is not the caller's to wait for. Nothing is left on failure.
 */
bool skiff_enter_container(const skiff_enter_options *options, skiff_launched *process, int *terminal,
                           skiff_error *err);

#endif
