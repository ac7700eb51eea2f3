/* A detached container while its monitor watches over it: what the command writes, what clients ask for, what the clock
 * asks for. */
#ifndef SKIFF_MONITOR_WATCH_H
#define SKIFF_MONITOR_WATCH_H

#include "clients.h"
#include "input.h"
#include "life.h"

typedef struct skiff_watching {
    skiff_life life;
    skiff_clients clients;
    skiff_input input;
    int listener; /* the control socket */
    bool over;    /* it is not run again */
} skiff_watching;

/* Wait for whatever comes next, and do what it asks for; `over` tells whether that was the last. False where this process
 * cannot go on: it is out of memory. */
bool skiff_watch_on(skiff_watching *watching);

#endif
