#ifndef SKIFF_MONITOR_MONITOR_H
#define SKIFF_MONITOR_MONITOR_H

/* Start the container that is asked for over `pipe` and watch over it to its end. Returns the exit code of this process. */
int skiff_monitor(int pipe);

#endif
