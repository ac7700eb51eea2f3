/*
 * User namespaces of containers: each has a range of the caller's ids as its own from 0 on. What lies on disk has the
 * container's ids; it is mounted with them shifted: by mount_setattr(2), "ID-mapped mounts", or by fuse-overlayfs(1), as
 * in a user's namespace, where the kernel shifts nothing.
 */
#ifndef SKIFF_CORE_IDMAP_H
#define SKIFF_CORE_IDMAP_H

#include "error.h"

#include <stdint.h>
#include <sys/types.h>

/* Ids of the caller's user namespace: root of the container is the first of them. */
typedef struct skiff_id_range {
    uint32_t uid, gid;
    uint32_t count; /* of each; 0: none, the container has the caller's user namespace */
    /* Inside, those that are the caller's root outside, between two parts of the range; 0: none are. */
    uint32_t caller_uid, caller_gid;
} skiff_id_range;

/* One line of /proc/PID/uid_map, user_namespaces(7). */
typedef struct skiff_id_extent {
    uint32_t inside, outside, count;
} skiff_id_extent;

enum { SKIFF_ID_EXTENTS = 3 };

/* The lines of users, or of groups; returns how many they are. */
size_t skiff_uid_extents(const skiff_id_range *ids, skiff_id_extent extents[SKIFF_ID_EXTENTS]);
size_t skiff_gid_extents(const skiff_id_range *ids, skiff_id_extent extents[SKIFF_ID_EXTENTS]);

/* The container's number of an id outside; the id itself where it has none. */
uint32_t skiff_id_inside(const skiff_id_extent *extents, size_t count, uint32_t id);

/* Whether ids outside are others than inside. */
static inline bool skiff_is_shifted(const skiff_id_range *ids)
{
    return ids->count > 0 && (ids->uid != 0 || ids->gid != 0);
}

static inline bool skiff_same_ids(const skiff_id_range *one, const skiff_id_range *other)
{
    return one->uid == other->uid && one->gid == other->gid && one->count == other->count &&
           one->caller_uid == other->caller_uid && one->caller_gid == other->caller_gid;
}

/* Make a user namespace with these ids; it lives as long as `*namespace_fd` is open. */
bool skiff_make_user_namespace(const skiff_id_range *ids, int *namespace_fd, skiff_error *err);

/*
 * A detached copy of the mount that the directory `path` is on, from there on, whose ids are those of the user namespace;
 * Linux 5.12. -1 with `err` where the file system cannot have it (EINVAL) or the mount has other ids already (EPERM).
 */
int skiff_open_shifted(const char *path, int user_namespace, skiff_error *err);

/* What mounts a union of shifted directories makes its own files in them, so it must have ids that they know. */
typedef struct skiff_identity {
    uid_t uid;
    gid_t gid;
} skiff_identity;

/* File accesses of this thread are those of the range's root from here on, with all capabilities that the thread has. */
bool skiff_assume_root_of(const skiff_id_range *ids, skiff_identity *before, skiff_error *err);

/* Back again. */
void skiff_resume_identity(const skiff_identity *before);

/* In a child on the caller's memory, async-signal-safe: enter the namespace and be its root. False with errno. The caller
 * puts it between the two below. */
bool skiff_enter_user_namespace(int user_namespace);

/* Of a child's change of user the caller, whose memory it is made on, keeps that its memory cannot be looked at
 * (PR_SET_DUMPABLE). It can be again, if it could before, at the end of the last of several at the same time. */
void skiff_begin_change_of_user(void);
void skiff_end_change_of_user(void);

#endif
