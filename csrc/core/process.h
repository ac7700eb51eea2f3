/* The part of a start after GO: the process as OCI's `process` object describes it. What it does with itself: become.h. */
#ifndef SKIFF_CORE_PROCESS_H
#define SKIFF_CORE_PROCESS_H

#include "error.h"
#include "fault.h"
#include "room.h"
#include "seccomp.h"

#include <stddef.h>
#include <stdint.h>

typedef struct skiff_capabilities {
    uint64_t bounding, effective, inheritable, permitted, ambient;
} skiff_capabilities;

typedef struct skiff_process {
    char **args;
    char **env;
    const char *cwd;
    uint32_t uid, gid, umask;
    uint32_t group_count;
    uint32_t *groups;
    bool set_capabilities;
    skiff_capabilities capabilities;
    bool no_new_privs;
    bool stay_init;
    int death_signal; /* 0: none */
    bool need_cwd; /* a working directory that is missing is an error, and not made */
    bool groups_stay; /* setgroups(2) is denied, user_namespaces(7), and the caller's groups can not be dropped */
    bool own_keyring;
    const char *apparmor_profile, *selinux_label; /* NULL: what it is in now */
    skiff_seccomp seccomp;
    skiff_fault fault;
    skiff_room *room; /* what is read goes there; NULL: none */
} skiff_process;

/*
 * Read the process records; resource limits and the OOM score are set, and files written, while reading, in order. What it
 * takes memory for is in `room`; without one (NULL) the caller frees `args`, `env` and `groups`.
 */
bool skiff_read_process(skiff_process *process, skiff_room *room, const void *plan, size_t length, skiff_error *err);

#endif
