/* A container's directory with its record, as lib/state has decided; see lib/state/store.ts for why each step. */
#ifndef SKIFF_CORE_DIRECTORY_H
#define SKIFF_CORE_DIRECTORY_H

#include "error.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * A record ends with the text member that tells the container's init: so many spaces, and the quote and the brace behind
 * them. Who it is is written over them: a file for it alone would take longer to make and to remove than all the rest.
 */
enum { SKIFF_INIT_ROOM = 40 };

typedef struct skiff_directory {
    const char *unfinished; /* path that it has until its record is written; tells its maker */
    const char *path;
    const void *record; /* what state.json holds */
    size_t record_length;
    bool made;        /* it is there already */
    bool prepared;    /* it is there, but for its record */
    const char *left; /* where another container has left one that it is made of, leftdir.h; NULL: it is made anew */
} skiff_directory;

bool skiff_make_directory(const skiff_directory *directory, skiff_error *err);

/* When a process was started, in clock ticks since boot: field 22 of proc_pid_stat(5). */
bool skiff_start_time(pid_t pid, unsigned long long *ticks, skiff_error *err);

/* Write into the record who the container's init is: "PID START_TIME." `ticks`: its start time where that is known, or 0. */
bool skiff_note_init(const skiff_directory *directory, pid_t pid, unsigned long long ticks, skiff_error *err);

#endif
