/* Which state of which file a path leads to: an inode's number may be another file's later, its times of change with it not. */
#ifndef SKIFF_CORE_FILESTATE_H
#define SKIFF_CORE_FILESTATE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

typedef struct skiff_file_state {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec modified, changed;
    bool missing; /* or not to be seen */
} skiff_file_state;

/* Symbolic links are followed. */
skiff_file_state skiff_state_of(const char *path);

bool skiff_same_state(const skiff_file_state *one, const skiff_file_state *other);

/* It was changed a moment ago, and may change again within the same tick of its times. */
bool skiff_is_fresh(const skiff_file_state *state);

#endif
