/* The one error object of the core: what failed, about what, at which step. Nothing here prints or exits. */
#ifndef SKIFF_CORE_ERROR_H
#define SKIFF_CORE_ERROR_H

#include <errno.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sent over the init's pipe as it stands, so it holds no pointers. */
typedef struct skiff_error {
    int errnum;        /* errno of the failed call */
    char syscall[32];  /* the call's name, "mount" */
    char step[32];     /* the step it belongs to, "root" */
    char path[448];    /* path or name it was about; empty where there is none; its end is kept when too long */
} skiff_error;

/* Fill `err`. `path` may be NULL. */
void skiff_error_set(skiff_error *err, int errnum, const char *syscall, const char *path);

/* The same as an expression that is false, so that callers can `return skiff_fail_with(...)`. */
static inline bool skiff_fail_with(skiff_error *err, int errnum, const char *syscall, const char *path)
{
    skiff_error_set(err, errnum, syscall, path);
    return false;
}

/* The same from errno. */
static inline bool skiff_fail(skiff_error *err, const char *syscall, const char *path)
{
    return skiff_fail_with(err, errno, syscall, path);
}

/* Copy `text` into a field of `size` bytes, keeping its end where it does not fit. */
void skiff_error_text(char *field, unsigned long size, const char *text);

#ifdef __cplusplus
}
#endif
#endif
