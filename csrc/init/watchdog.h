/* Watches over its caller: when that is gone, its containers are killed and its terminal is restored. */
#ifndef SKIFF_INIT_WATCHDOG_H
#define SKIFF_INIT_WATCHDOG_H

/* Serve `pipe` until its end of file. Returns the exit code. */
int skiff_watch(int pipe);

#endif
