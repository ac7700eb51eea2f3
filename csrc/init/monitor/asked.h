/* What clients ask a monitor for, by the messages of protocol.h. */
#ifndef SKIFF_MONITOR_ASKED_H
#define SKIFF_MONITOR_ASKED_H

#include "watch.h"

/* Do what one message says, and answer it; who speaks otherwise is dropped. `context` is the skiff_watching. Of the type skiff_serve. */
void skiff_do_as_asked(void *context, skiff_client *client, uint32_t type, char **body, size_t length);

#endif
