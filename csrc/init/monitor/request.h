/* What a monitor is asked for: the records of a MONITOR message (plan.h, from SKIFF_OP_CONTAINER on), read once. */
#ifndef SKIFF_MONITOR_REQUEST_H
#define SKIFF_MONITOR_REQUEST_H

#include "../../core/cgroup.h"
#include "../../core/copyup.h"
#include "../../core/workspace.h"

#include <stdint.h>

/* What a client may change while the container runs. */
typedef struct skiff_amendable {
    const char *record;   /* JSON without its closing brace */
    const char *event;    /* the same of an event */
    const char *identity; /* the boot's and the PID namespace's part of a process's identity, as JSON */
    uint32_t restart;     /* skiff_restart_policy */
    uint32_t restart_limit;
} skiff_amendable;

typedef struct skiff_request {
    const char *directory;
    const char *events;
    skiff_amendable amendable;
    skiff_workspace workspace;
    skiff_copy_up *copy_ups; /* before the first run */
    size_t copy_up_count;
    skiff_cgroup *cgroups;
    size_t cgroup_count;
    int namespaces;
    skiff_id_range ids;
    const void *setup, *binds, *process;
    size_t setup_length, binds_length, process_length;
    bool terminal;
    bool input;    /* stdin stays open for clients */
    uint32_t attached; /* SKIFF_ATTACH_ flags of the first connection */
    uint64_t log_size;
    uint32_t log_files;
    uint64_t timeout_ms;
    char **oom_files;
    bool remove;
    char **claims; /* paths, in the order of their removal */
    char **after;  /* arguments of the program that the monitor becomes at the end; NULL: none */
} skiff_request;

/* `bytes` must live as long as the request. */
bool skiff_read_request(skiff_request *request, const void *bytes, size_t length, skiff_error *err);

/* What AMEND holds, over what is there: the record and the restart policy, and cgroups that were joined since. `bytes` must
 * live on. */
bool skiff_read_amendment(skiff_request *request, const void *bytes, size_t length, skiff_error *err);

#endif
