/* The caller's side of a start: clone, cgroups, plan, READY; then GO. Every function may block and belongs on a
 * thread of the pool. */
#ifndef SKIFF_CORE_LAUNCH_H
#define SKIFF_CORE_LAUNCH_H

#include "error.h"
#include "fault.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct skiff_park_options {
    int init;                       /* descriptor of the static init */
    const char *name;               /* its argv[0]: "skiff-init", or "skiff-watchdog" */
    int namespaces;                 /* CLONE_NEW flags */
    const void *plan;
    size_t plan_length;
    const char *const *procs_files; /* NULL-ended: cgroup.procs files to put the init into */
    skiff_fault fault;              /* for tests of the undo */
} skiff_park_options;

typedef struct skiff_parked {
    pid_t pid;
    int pidfd;
    int pipe;
    int terminal; /* master; -1 where the plan asked for none */
    uint64_t cloned_ns, placed_ns, ready_ns; /* CLOCK_MONOTONIC, for the trace */
} skiff_parked;

/* Start an init, put it into its cgroups and wait until it is parked. Nothing is left of it on failure. */
bool skiff_park(const skiff_park_options *options, skiff_parked *parked, skiff_error *err);

/* Send GO with the process records and, where there is no terminal, three descriptors; returns when the command
 * runs. On failure the init has ended or is about to. */
bool skiff_go(int pipe, const void *process, size_t length, const int *stdio, int count, skiff_error *err);

/* Start a watchdog: no namespaces, no plan. The pipe is a sequenced-packet one. */
bool skiff_start_watchdog(int init, skiff_parked *watchdog, skiff_error *err);

#endif
