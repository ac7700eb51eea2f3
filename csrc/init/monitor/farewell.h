/* The last word to those who watch a command. */
#ifndef SKIFF_MONITOR_FAREWELL_H
#define SKIFF_MONITOR_FAREWELL_H

#include "clients.h"

/*
 * Tell all of them that it has ended, and how, after what they have not taken yet. One whose input came too late would be
 * told so by an error, and lose by it what it has not read yet: so it is the clients that hang up first. One that does
 * nothing of the kind is not waited for long.
 */
void skiff_say_farewell(skiff_clients *clients, int exit_code);

#endif
