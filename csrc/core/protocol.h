/*
 * What is said over the init's pipe (a stream socket pair), all of it:
 *
 *   caller -> init   PLAN   the plan's set-up records (plan.h); SKIFF_PLAN_ON_BASE in its type where the working directory
 *                           is mounted over the mount base's root
 *   init -> caller   READY  parked, since when (u64, ns of CLOCK_MONOTONIC); carries the terminal's master descriptor
 *                           where the plan asked for one
 *   caller -> init   GO     the plan's process records; carries those of stdin, stdout and stderr that its type names
 *                           (SKIFF_GO_STREAM); and SKIFF_GO_FEW_IGNORED. May be sent before READY
 *   init -> caller   ERROR  a skiff_error, in place of READY or after GO; the init ends after it
 *   init -> caller   (end of file after GO: the command runs, execve closed the pipe)
 *
 * Sources of bind mounts are no message: the init inherits them (binds.h).
 *
 * An init that a starter makes (starter.h) opens them itself, and says first of all that it is there:
 *
 *   caller -> starter  START  a skiff_order; carries what that tells of, the init's end of its pipe before all. One packet
 *   caller -> init     BINDS  the records of sources, where there are any. Over its own pipe, before PLAN
 *   init -> caller     BORN   a skiff_born; carries a pidfd of it. Over its own pipe
 *
 * Over the pipe of what joins a container that runs (exec), which is cloned into the container's cgroups:
 *
 *   caller -> joiner   JOIN    a skiff_join; carries a pidfd of the container's init
 *   joiner -> caller   JOINED  pid (i32) of the process that it made inside; it ends after it
 *   process -> caller  READY   as the init's; may come before JOINED
 *   caller -> process  GO      as the init's, after both
 *   either -> caller   ERROR   in place of any of these
 *
 * And over a watchdog's (a sequenced-packet socket pair), caller -> watchdog only:
 *
 *   GUARD     carries a pidfd: kill that process when the caller is gone
 *   TERMINAL  carries a terminal, body is its struct termios: restore it when the caller is gone
 *   RESTORED  forget the terminal
 *
 * And over the socket of a detached container's monitor (csrc/init/monitor), a stream; the first connection is the socket
 * pair that the monitor was started with:
 *
 *   caller -> monitor   MONITOR   what to start (plan.h); carries the init's program. First message of the first
 *                                 connection
 *   monitor -> caller   STARTED   the command runs: u32 pid; or ERROR, and the monitor ends
 *   client -> monitor   ATTACH    u32 SKIFF_ATTACH_ flags: from now on it gets OUTPUT and may send INPUT
 *   monitor -> client   OUTPUT    u32 1 or 2 for stdout or stderr, bytes
 *   client -> monitor   INPUT     bytes for the command; none: its input ends
 *   client -> monitor   RESIZE    u32 rows, u32 columns
 *   client -> monitor   SIGNAL    u32 signal, u32 1 where it shall not be restarted after it; answered by DONE
 *   client -> monitor   AMEND     of MONITOR the record and the restart policy, and cgroups joined since; answered by DONE
 *   client -> monitor   PAUSED    u32 1: its processes were frozen, 0: thawed; answered by DONE
 *   client -> monitor   HOLD      u32 1: it is about to freeze the processes, 0: what it froze is thawed, or stays frozen.
 *                                 Where it hangs up in between, the monitor thaws them. Answered by DONE: EBUSY where
 *                                 they are frozen already, or another one has said so
 *   monitor -> client   DONE      u32 0, or an errno
 *   monitor -> client   ENDED     u32 exit code: it ended for good, and all that its end takes away is gone
 *
 * Every message is a header and a body of the header's length, read to its exact size; end of file anywhere else
 * is an error (EPIPE in the caller, a quiet exit in the init: nobody is left to tell).
 */
#ifndef SKIFF_CORE_PROTOCOL_H
#define SKIFF_CORE_PROTOCOL_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

#define SKIFF_PIPE_FD 3 /* where the init and the watchdog find their end */
#define SKIFF_STDIO 3   /* descriptors that GO carries, at most */
#define SKIFF_CARRIED 16 /* that any message carries */
#define SKIFF_GO_STREAM(n) (0x100u << (n)) /* in GO's type: it carries this one; any other is /dev/null, or the terminal */
#define SKIFF_GO_FEW_IGNORED 0x800u        /* in GO's type: the caller ignores no signal but Node's */
#define SKIFF_PLAN_ON_BASE 0x100u          /* in PLAN's type */
#define SKIFF_INIT_BLOCK (32u << 10)       /* bytes of memory that an init has for what it reads; more is calloc's */
#define SKIFF_TYPE(type) ((type) & 0xffu)

/* The environment is counted by execve, so this bounds GO well above ARG_MAX's usual 2 MiB. */
#define SKIFF_MAX_BODY (16u << 20)

enum skiff_message {
    SKIFF_PLAN = 1,
    SKIFF_READY = 2,
    SKIFF_GO = 3,
    SKIFF_ERROR = 4,
    SKIFF_GUARD = 5,
    SKIFF_TERMINAL = 6,
    SKIFF_RESTORED = 7,
    SKIFF_MONITOR = 8,
    SKIFF_STARTED = 9,
    SKIFF_ATTACH = 10,
    SKIFF_OUTPUT = 11,
    SKIFF_INPUT = 12,
    SKIFF_RESIZE = 13,
    SKIFF_SIGNAL = 14,
    SKIFF_AMEND = 15,
    SKIFF_PAUSED = 16,
    SKIFF_DONE = 17,
    SKIFF_ENDED = 18,
    SKIFF_HOLD = 19,
    SKIFF_JOIN = 32,
    SKIFF_JOINED = 33,
    SKIFF_START = 34,
    SKIFF_BORN = 35,
    SKIFF_BINDS = 36,
};

typedef struct skiff_header {
    uint32_t magic;
    uint32_t type;
    uint32_t length;
} skiff_header;

enum skiff_join_flag {
    SKIFF_JOIN_TERMINAL = 1, /* with a terminal of the size given, in the container's devpts */
    SKIFF_JOIN_ORPHAN = 2,   /* the process is not the caller's child, and outlives it */
};

typedef struct skiff_join {
    int32_t pid; /* the container's init, in the caller's PID namespace */
    uint32_t flags;
    uint32_t rows, columns;
} skiff_join;

/* Descriptors by their place among those that START carries; -1: there is none. The first is the pipe. */
typedef struct skiff_order {
    int32_t namespaces; /* CLONE_NEW flags, CLONE_NEWNS not among them */
    int32_t mount, base, network, into;
    int32_t files, file_count; /* of skiff_cgroup_entry */
    int32_t has_binds;         /* BINDS comes before PLAN */
} skiff_order;

typedef struct skiff_born {
    int32_t pid;        /* 0: it could not be cloned */
    uint64_t ticks;     /* as skiff_clone_ticks tells */
    skiff_error failed; /* errnum 0: it goes on with its PLAN; else it ends */
} skiff_born;

#define SKIFF_MAGIC 0x46494b53u /* "SKIF" */

/* A pair of sockets, SOCK_STREAM or SOCK_SEQPACKET. */
bool skiff_open_pipe(int type, int *ours, int *theirs, skiff_error *err);

/* Send a message with `count` (0 to SKIFF_CARRIED) descriptors. */
bool skiff_send(int pipe, uint32_t type, const void *body, uint32_t length, const int *fds, int count,
                skiff_error *err);

/* Read a header; at most `capacity` descriptors are received (CLOEXEC) into `fds`, `*count` tells how many.
 * EPIPE tells end of file, EPROTO anything that is no message of ours. */
bool skiff_receive_header(int pipe, skiff_header *header, int *fds, int capacity, int *count, skiff_error *err);

/* Read a whole message off a sequenced-packet socket pair: its body must be of `length` bytes. */
bool skiff_receive_packet(int pipe, uint32_t type, void *body, size_t length, int *fds, int capacity, int *count,
                          skiff_error *err);

/* Read exactly `length` bytes. */
bool skiff_receive_exact(int pipe, void *buffer, size_t length, skiff_error *err);

/* Wait until there is something to read; ETIMEDOUT after `timeout_ms`. */
bool skiff_await(int pipe, int timeout_ms, skiff_error *err);

#endif
