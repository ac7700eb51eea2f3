#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void die(const char *what, const char *name, int errnum)
{
    fprintf(stderr, "%s: %s: %s%s%s\n", program_invocation_short_name, what, name, errnum ? ": " : "",
            errnum ? strerror(errnum) : "");
    exit(1);
}

void must(int result, const char *what, const char *name)
{
    if (result < 0)
        die(what, name, errno);
}

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

long count(const char *option, const char *text, long least)
{
    char *end;
    errno = 0;
    long value = text ? strtol(text, &end, 10) : 0;
    if (!text || errno != 0 || *end || end == text || value < least || value > 1000000)
        die(option, "takes a number up to 1000000", EINVAL);
    return value;
}
