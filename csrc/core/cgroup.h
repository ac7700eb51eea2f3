/* A container's cgroup: directories made and limits written as lib/cgroup has decided, and the way in. */
#ifndef SKIFF_CORE_CGROUP_H
#define SKIFF_CORE_CGROUP_H

#include "error.h"

#include <stddef.h>

typedef struct skiff_cgroup_setting {
    const char *file; /* its name in the directory */
    const char *value;
    bool optional; /* passed over where the kernel has no such file */
} skiff_cgroup_setting;

typedef struct skiff_cgroup {
    const char *path;
    int version;   /* 1 or 2 */
    bool optional; /* it only counts: where it cannot be made the container starts without it */
    const skiff_cgroup_setting *settings;
    size_t setting_count;
    const void *device_program; /* v2: struct bpf_insn...; NULL where there is none */
    size_t device_program_length;
    bool made; /* told by skiff_make_cgroups, which leaves alone what is made */
} skiff_cgroup;

#define SKIFF_MAX_CGROUPS 8 /* hierarchies that one container is in; the kernel has 14 controllers, limits need 5 */

/* The way into the cgroups, for a process that is just being cloned. */
typedef struct skiff_cgroup_entry {
    int into;                     /* directory of a v2 cgroup, for CLONE_INTO_CGROUP; -1 where there is none */
    int files[SKIFF_MAX_CGROUPS]; /* the child writes "0" to each of these */
    int file_count;
} skiff_cgroup_entry;

/* Make the directories and write their settings, in order. What was made before a failure stays: the caller removes it. */
bool skiff_make_cgroups(skiff_cgroup *cgroups, size_t count, skiff_error *err);

/* Let the processes in them go on; what is not frozen, or gone, is fine. */
void skiff_thaw_cgroups(const skiff_cgroup *cgroups, size_t count);

/* Open the way in. `by_clone` false: the child writes itself into a v2 cgroup, too. */
bool skiff_open_cgroups(const skiff_cgroup *cgroups, size_t count, bool by_clone, skiff_cgroup_entry *entry,
                        skiff_error *err);
void skiff_close_cgroups(skiff_cgroup_entry *entry);

/* In the child, with one thread and async-signal-safe: put oneself in. False with errno. */
bool skiff_enter_cgroups(const skiff_cgroup_entry *entry);

#define cleanup_cgroup_entry __attribute__((cleanup(skiff_close_cgroups)))

#endif
