/* The caller's side of an init's birth: clone into its cgroups. Every function may block and belongs on a thread of the
 * pool. What is said then: answers.h. */
#ifndef SKIFF_CORE_LAUNCH_H
#define SKIFF_CORE_LAUNCH_H

#include "cgroup.h"
#include "error.h"
#include "fault.h"
#include "protocol.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct skiff_launch_options {
    int init;         /* descriptor of the static init */
    const char *name;     /* its argv[0]: "skiff-init", "skiff-watchdog", "skiff-monitor" or "skiff-exec" */
    const char *argument; /* its argv[1], for those who look at processes; NULL: none */
    int namespaces;   /* CLONE_NEW flags */
    int network;      /* network namespace to be in, from skiff_make_network; -1: none but that of `namespaces` */
    int user_namespace; /* to be in, as its root; needs `root`; -1: the caller's */
    const char *root; /* mount point of its file system, which becomes its working directory; NULL: none */
    const void *binds; /* sources of its bind mounts, records of plan.h; NULL: none */
    size_t binds_length;
    int mount_base;   /* from skiff_make_mount_base; -1: none, its mounts are a copy of the caller's */
    int starter;      /* pipe of a starter, which is asked first; -1: none is. What it starts becomes the command at GO */
    const void *plan; /* what a starter's child is sent at once */
    size_t plan_length, process_length;
    const skiff_cgroup *cgroups;
    size_t cgroup_count;
    skiff_fault fault; /* for tests of the undo */
} skiff_launch_options;

typedef struct skiff_launched {
    pid_t pid;
    int pidfd;
    int pipe;
    unsigned long long start_ticks; /* when it was cloned, as skiff_start_time tells; 0: that has to be asked for */
    bool on_base; /* its root is mounted over that of the mount base */
    bool has_plan; /* it was sent `plan` */
    bool has_binds; /* they are mounted already, and its plan is to have no BIND */
} skiff_launched;

/* Start an init (or, with `type` SOCK_SEQPACKET, a watchdog) in its cgroups. Nothing is left of it on failure. */
bool skiff_launch(const skiff_launch_options *options, int type, skiff_launched *launched, skiff_error *err);

/* Kill, reap and close, so that a failed start leaves no zombie. */
void skiff_abandon(skiff_launched *launched);

#endif
