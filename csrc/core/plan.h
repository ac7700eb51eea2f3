/*
 * The plan: what TypeScript decided, as a flat list of records that the init carries out in order.
 *
 *   plan    u32 SKIFF_PLAN_VERSION, record...
 *   record  u32 operation, u32 length of the payload, payload
 *   text    u32 length including the NUL at its end, bytes
 *   numbers are little-endian (host order of every machine this runs on), without padding
 *
 * lib/spec/plan-encoding.ts writes it and holds the same table.
 */
#ifndef SKIFF_CORE_PLAN_H
#define SKIFF_CORE_PLAN_H

#include "error.h"
#include "room.h"

#include <stddef.h>
#include <stdint.h>

#define SKIFF_PLAN_VERSION 1u

enum skiff_operation {
    /* Set-up, carried out before READY. */
    SKIFF_OP_ROOT = 1,          /* u32 SKIFF_ROOT_ flags: the working directory, a mount point, becomes the root */
    SKIFF_OP_MOUNT = 2,         /* text type, text source, text target, u64 MS_ flags, text data */
    SKIFF_OP_DEVICE = 3,        /* text path, u32 mode with its type, u32 major, u32 minor, u32 uid, u32 gid */
    SKIFF_OP_SYMLINK = 4,       /* text what it holds, text path */
    SKIFF_OP_MASK = 5,          /* text path: an empty read-only directory or /dev/null over it; missing is fine. A
                                   slash at its end: it is a directory, most likely */
    SKIFF_OP_READONLY = 6,      /* text path: cannot be written any more; missing is fine */
    SKIFF_OP_HOSTNAME = 7,      /* text name */
    SKIFF_OP_SYSCTL = 8,        /* text path below /proc/sys, text value */
    SKIFF_OP_LOOPBACK = 9,      /* (empty) bring lo up */
    SKIFF_OP_ROOT_READONLY = 10, /* (empty) */
    SKIFF_OP_TERMINAL = 11,     /* u32 rows, u32 columns: open one in the container's own devpts */
    SKIFF_OP_FAULT = 12,        /* text step, u32 errno: that step fails (for tests of the undo) */
    SKIFF_OP_DIRECTORY = 13,    /* text path: mkdir -p */
    SKIFF_OP_BIND = 14,         /* text path: attach the next source there; missing is made */
    SKIFF_OP_MOUNT_INSIDE = 15, /* as SKIFF_OP_MOUNT, on a target that the image may have put links in the way of */
    SKIFF_OP_RESTRICT = 16,     /* text mount point, u32 MOUNT_ATTR_ flags that its mount has from here on */
    SKIFF_OP_EXPOSE = 17,       /* text path: a mount of its own, which restrictions of the one around it do not reach */

    SKIFF_OP_HOLD = 18,         /* text type, u32 MOUNT_ATTR_ flags, text data: a file system that the next MOUNT of its type mounts, made while the host's
                                   are seen: in a user namespace procfs and sysfs need that, user_namespaces(7) */

    /* The process, carried out after GO. */
    SKIFF_OP_ARGS = 20,      /* u32 count, text... */
    SKIFF_OP_ENV = 21,       /* u32 count, text... */
    SKIFF_OP_CWD = 22,       /* text path; made where it is missing */
    SKIFF_OP_USER = 23,      /* u32 uid, u32 gid, u32 umask, u32 count, u32 supplementary gid... */
    SKIFF_OP_RLIMIT = 24,    /* u32 RLIMIT_ number, u64 soft, u64 hard */
    SKIFF_OP_CAPABILITIES = 25, /* u64 bounding, effective, inheritable, permitted, ambient */
    SKIFF_OP_NO_NEW_PRIVS = 26, /* (empty) */
    SKIFF_OP_OOM_SCORE = 27, /* u32 (two's complement) oom_score_adj */
    SKIFF_OP_INIT = 28,      /* (empty) stay PID 1, reap zombies, forward signals */
    SKIFF_OP_SECCOMP = 29,   /* u32 SECCOMP_FILTER_FLAG_ bits, bytes: struct sock_filter... */
    SKIFF_OP_KEYRING = 30,   /* (empty) a session keyring of its own */
    SKIFF_OP_GROUPS_STAY = 32, /* (empty) setgroups(2) is denied in this user namespace */
    SKIFF_OP_APPARMOR = 33, /* text profile that the command is executed in */
    SKIFF_OP_SELINUX = 34,  /* text context of the same kind */
    SKIFF_OP_FILE = 31,      /* u32 mode, text path, bytes: a file of the user's, who comes before */
    SKIFF_OP_DEATH_SIGNAL = 38, /* u32 signal that the process gets when the one that cloned it ends */

    /* The sources of BIND, in the same order, in a plan of their own: opened before the init is there (binds.h). */
    SKIFF_OP_BIND_SOURCE = 40, /* text path of the host, text path in it or "", u32 SKIFF_BIND_ flags, text target, ""
                                   but with SKIFF_BIND_EARLY */

    /* What a monitor is asked for (csrc/init/monitor/request.h). */
    SKIFF_OP_CONTAINER = 50, /* text its directory, text events file */
    SKIFF_OP_RECORD = 51,    /* text record as JSON without its closing brace, text the same of an event, text the boot's
                                and the PID namespace's part of an identity */
    SKIFF_OP_WORKSPACE = 52, /* u32 skiff_workspace_kind, u32 SKIFF_WORKSPACE_ flags, texts layers, text write layer,
                                text work directory, text mount point, texts skipped directories */
    SKIFF_OP_CGROUP = 53,    /* text path, u32 version, u32 optional, texts: file, value, "" or "optional", ...,
                                bytes: struct bpf_insn... or none */
    SKIFF_OP_START = 54,     /* u32 namespaces, bytes set-up plan, bytes bind sources, bytes process */
    SKIFF_OP_STREAMS = 55,   /* u32 terminal, u32 input stays open, u32 SKIFF_ATTACH_ flags of the first connection */
    SKIFF_OP_LOG = 56,       /* u64 bytes of one file (0: no limit), u32 files (0: no log) */
    SKIFF_OP_RESTART = 57,   /* u32 skiff_restart_policy, u32 restarts at most (0: no limit) */
    SKIFF_OP_LIMITS = 58,    /* u64 milliseconds until it is killed (0: never), texts files that count oom_kill */
    SKIFF_OP_REMOVAL = 59,   /* u32 remove all at the end, texts claims of its name, texts program to become at the end */
    SKIFF_OP_COPY_UPS = 60,  /* texts: path, volume, temporary directory, ... (copyup.h) */
    SKIFF_OP_IDS = 61,       /* u32 first uid, gid, count, the caller's uid, gid: of its user namespace (idmap.h) */
};

enum skiff_root_flag {
    SKIFF_ROOT_STAYS_ON_BASE = 1, /* the mount base may stay below it */
};

enum skiff_workspace_flag {
    SKIFF_WORKSPACE_VOLATILE = 1,
    SKIFF_WORKSPACE_OLD_API = 2,
    SKIFF_WORKSPACE_USER_XATTR = 8,
    SKIFF_WORKSPACE_MADE = 4, /* the write layer is there from a run before */
};

enum skiff_restart_policy {
    SKIFF_RESTART_NO = 0,
    SKIFF_RESTART_ON_FAILURE = 1,
    SKIFF_RESTART_ALWAYS = 2,
    SKIFF_RESTART_UNLESS_STOPPED = 3,
};

enum skiff_bind_flag {
    SKIFF_BIND_PROPAGATION = 3, /* the bits of one of the next three */
    SKIFF_BIND_PRIVATE = 0,
    SKIFF_BIND_SLAVE = 1,
    SKIFF_BIND_SHARED = 2,
    SKIFF_BIND_PROPAGATE_ALONE = 4, /* what is mounted below it propagates as it does */
    SKIFF_BIND_READONLY = 8,        /* and all that is mounted below it */
    SKIFF_BIND_WRITE_BELOW = 16,    /* but that */
    SKIFF_BIND_ALONE = 32,          /* without what is mounted below it */
    SKIFF_BIND_NODEV = 64,          /* no device in it, or in what is mounted below it, can be opened */
    SKIFF_BIND_SHIFTED = 128,       /* its ids, and those of what is mounted below it, are the user namespace's */
    SKIFF_BIND_EARLY = 256,         /* it and all others: nothing but NODEV is asked of them, no path in a source, and on no
                                       target, or above or below it, is anything mounted that is no bind: earlybinds.h */
};

/* A place in bytes that must not be read past. */
typedef struct skiff_reader {
    const uint8_t *at;
    const uint8_t *end;
} skiff_reader;

typedef struct skiff_record {
    uint32_t operation;
    skiff_reader payload;
} skiff_record;

/* Each answers false with EBADMSG in `err` where the bytes end too early or are not what they should be. */
bool skiff_plan_open(skiff_reader *reader, const void *bytes, size_t length, skiff_error *err);
bool skiff_read_record(skiff_reader *reader, skiff_record *record, skiff_error *err);
bool skiff_read_u32(skiff_reader *reader, uint32_t *value, skiff_error *err);
bool skiff_read_u64(skiff_reader *reader, uint64_t *value, skiff_error *err);
/* The text stays where it is, in the reader's bytes; never NULL, ends with its NUL, has none inside. */
bool skiff_read_text(skiff_reader *reader, const char **text, skiff_error *err);
/* Bytes behind their u32 length; they stay where they are, too. */
bool skiff_read_bytes(skiff_reader *reader, const void **bytes, size_t *length, skiff_error *err);
/* A counted list of texts as a NULL-ended array, in `room`; without one (NULL) the caller frees the array. */
bool skiff_read_texts(skiff_reader *reader, skiff_room *room, char ***texts, skiff_error *err);
/* The payload must be used up. */
bool skiff_read_end(const skiff_reader *reader, skiff_error *err);

static inline bool skiff_more(const skiff_reader *reader)
{
    return reader->at < reader->end;
}

/* A copy of a plan without the records of one operation, of the caller's to free; `*length` is the whole's and becomes its. */
bool skiff_plan_without(uint32_t operation, const void *plan, size_t *length, void **rest, skiff_error *err);

#endif
