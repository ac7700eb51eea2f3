/* A start, all of it in one go: directory, workspace, cgroups, clone, guard, record, plan, GO. Every function may block
 * and belongs on a thread of the pool. */
#ifndef SKIFF_CORE_START_H
#define SKIFF_CORE_START_H

#include "ahead.h"
#include "copyup.h"
#include "directory.h"
#include "idmap.h"
#include "launch.h"
#include "marks.h"
#include "workspace.h"

typedef struct skiff_start_options {
    const skiff_directory *directory; /* NULL: none is made */
    const skiff_workspace *workspace; /* NULL: none is made */
    skiff_ahead *ahead; /* that `workspace` and `cgroups` are of, and are there already; NULL: they are made */
    const skiff_copy_up *copy_ups; /* volumes that may be new; need a workspace */
    size_t copy_up_count;
    skiff_cgroup *cgroups;
    size_t cgroup_count;
    int init;          /* descriptor of the static init */
    int namespaces;    /* CLONE_NEW flags */
    skiff_id_range ids; /* of its user namespace; count 0: none of its own */
    int user_namespace; /* with these ids, where it is there already; -1: it is made */
    int network;       /* network namespace to be in; -1: none but that of `namespaces` */
    int mount_base;    /* mount namespace to copy; -1: the caller's */
    const void *plan;  /* set-up records */
    size_t plan_length;
    const void *binds; /* sources of its bind mounts; NULL: none */
    size_t binds_length;
    int starter;         /* pipe of a starter that may make the init; -1: none */
    int watchdog;        /* pipe of the watchdog that is to guard it; -1: none is */
    const void *process; /* process records; NULL: the init stays parked */
    size_t process_length;
    bool few_ignored;    /* this process ignores no signal but those that Node does; false: some may be */
    bool hold_mounts;    /* keep its mount namespace open, where that is allowed and nobody could mind */
    bool await_command;  /* false: return once GO is sent; the pipe tells the rest, to skiff_await_command */
    const int *stdio; /* three descriptors, or none */
    int stdio_count;
    skiff_fault fault; /* for tests of the undo */
} skiff_start_options;

typedef struct skiff_started {
    skiff_launched init; /* pipe: -1 once the command is known to run */
    int terminal;        /* master; -1 where the plan asked for none */
    int mounts;          /* its mount namespace, so that its end need not wait for theirs; -1: not held */
    bool guarded;        /* false: the watchdog is gone, and the init still parked, waiting for skiff_go */
    skiff_marks marks;
} skiff_started;

/*
 * Take all steps, in order. On failure the init is gone and `err` has the step; the directory, the mount and the cgroups
 * that exist by then are the caller's to remove.
 */
bool skiff_start_container(const skiff_start_options *options, skiff_started *started, skiff_error *err);

/* Give a parked init its command; returns when that runs. */
bool skiff_go(int pipe, const void *process, size_t length, const int *stdio, int count, skiff_error *err);

#endif
