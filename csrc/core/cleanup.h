/* Ownership at the declaration: what a scope opens, it closes; `skiff_steal_fd` hands it on. */
#ifndef SKIFF_CORE_CLEANUP_H
#define SKIFF_CORE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void skiff_close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd); /* never repeated on EINTR: Linux has released the number by then, close(2) */
}

static inline int skiff_steal_fd(int *fd)
{
    int stolen = *fd;
    *fd = -1;
    return stolen;
}

static inline void skiff_free(void *pointer)
{
    free(*(void **)pointer);
}

#define cleanup_fd __attribute__((cleanup(skiff_close_fd)))
#define cleanup_free __attribute__((cleanup(skiff_free)))

/* Repeat a call that a signal interrupted. */
#define skiff_retry(call)                                                                                        \
    __extension__({                                                                                              \
        long _result;                                                                                            \
        do                                                                                                       \
            _result = (long)(call);                                                                              \
        while (_result < 0 && errno == EINTR);                                                                   \
        _result;                                                                                                 \
    })

#endif
