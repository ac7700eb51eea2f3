/* When the steps of a job were done, for the trace. */
#ifndef SKIFF_CORE_MARKS_H
#define SKIFF_CORE_MARKS_H

#include <stdint.h>
#include <time.h>

#define SKIFF_MAX_MARKS 16

typedef struct skiff_mark {
    const char *step;
    uint64_t ns; /* CLOCK_MONOTONIC */
} skiff_mark;

typedef struct skiff_marks {
    skiff_mark at[SKIFF_MAX_MARKS];
    int count;
} skiff_marks;

static inline uint64_t skiff_clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t skiff_now_ns(void)
{
    return skiff_clock_ns(CLOCK_MONOTONIC);
}

static inline uint64_t skiff_now_ms(void)
{
    return skiff_now_ns() / 1000000u;
}

static inline void skiff_mark_at(skiff_marks *marks, const char *step, uint64_t ns)
{
    if (marks->count < SKIFF_MAX_MARKS)
        marks->at[marks->count++] = (skiff_mark){step, ns};
}

static inline void skiff_mark_step(skiff_marks *marks, const char *step)
{
    skiff_mark_at(marks, step, skiff_now_ns());
}

#endif
