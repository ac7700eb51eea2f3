/* The loopback device of the calling thread's network namespace. */
#ifndef SKIFF_CORE_LOOPBACK_H
#define SKIFF_CORE_LOOPBACK_H

#include <stdbool.h>

/* Bring it up, where it is not up already; netdevice(7). Async-signal-safe; false with errno. */
bool skiff_raise_loopback(void);

#endif
