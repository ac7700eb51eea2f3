#include "filestate.h"

#include <time.h>

enum { SETTLED_S = 2 }; /* the clock's tick is 10 ms at most; clocks of file systems may be coarser */

skiff_file_state skiff_state_of(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return (skiff_file_state){.missing = true};
    return (skiff_file_state){st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim, false};
}

static bool same_time(struct timespec one, struct timespec other)
{
    return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

bool skiff_same_state(const skiff_file_state *one, const skiff_file_state *other)
{
    return one->missing == other->missing && one->dev == other->dev && one->ino == other->ino && one->size == other->size &&
           same_time(one->modified, other->modified) && same_time(one->changed, other->changed);
}

bool skiff_is_fresh(const skiff_file_state *state)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return !state->missing && now.tv_sec - state->changed.tv_sec < SETTLED_S;
}
