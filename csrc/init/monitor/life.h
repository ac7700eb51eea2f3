/* One run after the other of a container's command: start, end, what its end means. */
#ifndef SKIFF_MONITOR_LIFE_H
#define SKIFF_MONITOR_LIFE_H

#include "log.h"
#include "record.h"

typedef struct skiff_life {
    skiff_request request;
    int program;   /* the init's */
    int directory; /* the container's */
    skiff_state state;
    skiff_log log;
    bool stop_asked;       /* by hand: it is not restarted */
    int pidfd;             /* of the init; -1 while there is none */
    int terminal;          /* master; -1 */
    int input;             /* of the command's stdin; -1 */
    int output[2];         /* of its stdout and stderr; -1 */
    uint64_t run_since;    /* ms of CLOCK_MONOTONIC */
    uint64_t kill_at;      /* 0: it may run for ever */
    uint64_t restart_at;   /* 0: no restart is waited for */
    uint32_t restart_wait; /* ms */
    uint64_t oom_kills;
} skiff_life;

/* Start the command, the first time or again. On failure nothing of it is left but the directory. */
bool skiff_begin_run(skiff_life *life, skiff_error *err);
/* The init has ended: take its status and decide whether it is run again. True where `restart_at` tells when. */
bool skiff_end_run(skiff_life *life);
/* It is over: cgroups and mount go, and with --rm all the rest; the record tells. */
void skiff_end_life(skiff_life *life);
/* Write the record; a failure is told by the record's next version. */
void skiff_note(skiff_life *life, const char *status);

#endif
