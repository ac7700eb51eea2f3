/* What the benchmark's programs share. The name that their messages begin with is their own file's. */
#ifndef SKIFF_BENCH_COMMON_H
#define SKIFF_BENCH_COMMON_H

#include <stdint.h>

/* Tell what failed, on what and why, and end the program with exit code 1. `errnum` 0 is no reason of the kernel's. */
_Noreturn void die(const char *what, const char *name, int errnum);

/* Die of errno where a system call's result is below 0. */
void must(int result, const char *what, const char *name);

/* CLOCK_MONOTONIC in ns. */
int64_t now_ns(void);

/* An option's value as a number from `least` to 1,000,000, or die. */
long count(const char *option, const char *text, long least);

#endif
