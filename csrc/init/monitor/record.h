/* What a monitor writes down: the container's record (lib/state/record.ts) and the events of its life. */
#ifndef SKIFF_MONITOR_RECORD_H
#define SKIFF_MONITOR_RECORD_H

#include "request.h"

#include <sys/types.h>

/* ContainerState of lib/state/record.ts; -1 and 0 stand for what there is none of. */
typedef struct skiff_state {
    const char *status;
    pid_t monitor, init;
    unsigned long long monitor_start, init_start; /* clock ticks since boot, proc_pid_stat(5) */
    uint64_t started_ms, finished_ms;             /* since the epoch */
    int exit_code;
    bool oom_killed;
    uint32_t restarts;
    uint64_t log_lines_lost;
    char error[512];
} skiff_state;

/* Milliseconds since the epoch. */
uint64_t skiff_epoch_ms(void);

/* Write the record whole: a new file takes the old one's place. */
bool skiff_write_record(int directory, const skiff_amendable *amendable, const skiff_state *state, skiff_error *err);

/* Add an event to the file of events. A failure is nobody's: a container does not end because of it. */
void skiff_append_event(const skiff_request *request, const char *action, const char *attribute, int value);

#endif
