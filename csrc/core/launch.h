/* The caller's side of an init's life: clone into its cgroups, plan, READY; then GO. Every function may block and
 * belongs on a thread of the pool. */
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
    const skiff_cgroup *cgroups;
    size_t cgroup_count;
    skiff_fault fault; /* for tests of the undo */
} skiff_launch_options;

typedef struct skiff_launched {
    pid_t pid;
    int pidfd;
    int pipe;
} skiff_launched;

/* Start an init (or, with `type` SOCK_SEQPACKET, a watchdog) in its cgroups. Nothing is left of it on failure. */
bool skiff_launch(const skiff_launch_options *options, int type, skiff_launched *launched, skiff_error *err);

/* Kill, reap and close, so that a failed start leaves no zombie. */
void skiff_abandon(skiff_launched *launched);

/* The answer of an init, or of what joins a container, in time; `*fd` is the descriptor that it carries, else unchanged. */
bool skiff_await_answer(int pipe, skiff_header *header, int *fd, skiff_error *err);

/* Read the body of an ERROR into `err`: always false. */
bool skiff_take_error(int pipe, const skiff_header *header, skiff_error *err);

/* Read the body of a READY. */
bool skiff_take_ready(int pipe, const skiff_header *header, uint64_t *ready_ns, skiff_error *err);

/* Wait until the init has set up; `*terminal` is the master where its plan asked for one, else unchanged; `*ready_ns`
 * tells since when. */
bool skiff_await_ready(int pipe, int *terminal, uint64_t *ready_ns, skiff_error *err);

/* Send GO with the process records and, where there is no terminal, three descriptors. May be sent before READY. The
 * failure to send is told by skiff_await_command, which knows what the init said before it ended. */
bool skiff_send_go(int pipe, const void *process, size_t length, const int *stdio, int count, skiff_error *err);

/* Wait until the command runs. A READY that nobody waited for is taken, too; `*ready_ns` is unchanged without one. On
 * failure the init has ended or is about to. */
bool skiff_await_command(int pipe, uint64_t *ready_ns, skiff_error *err);

#endif
