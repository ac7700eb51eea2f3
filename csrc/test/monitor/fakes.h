/* A disk that is full when the test says so, and a clock that it moves. */
#ifndef SKIFF_TEST_MONITOR_FAKES_H
#define SKIFF_TEST_MONITOR_FAKES_H

#include <stdint.h>

extern int64_t fake_room;    /* bytes that write(2) still has room for; -1: no bound */
extern uint64_t fake_writes; /* calls of write(2) */
extern int64_t fake_later;   /* seconds that every clock is ahead */
extern int64_t fake_now;     /* seconds at which every clock stands still; 0: they go */

#endif
