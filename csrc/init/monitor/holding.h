/* A container whose processes somebody freezes: who does so holds it, and is thawed for where it is killed meanwhile. */
#ifndef SKIFF_MONITOR_HOLDING_H
#define SKIFF_MONITOR_HOLDING_H

#include "clients.h"
#include "life.h"

/* `client` is about to freeze the processes, or has done so and lets go. False with errno: EBUSY where another one holds
 * them or they are paused, ESRCH between two runs. */
bool skiff_take_hold(const skiff_life *life, const skiff_clients *clients, skiff_client *client, bool begins);
/* Thaw them: whoever held the processes was killed, or gave up, and nobody else would let them go on. */
void skiff_let_go(skiff_life *life);
/* The record tells from here on that they are paused, or run. False with ESRCH between two runs. */
bool skiff_note_paused(skiff_life *life, bool paused);

#endif
