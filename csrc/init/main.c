/*
 * The small static program that becomes a container's first process: it sets up its namespaces, parks on its pipe,
 * and becomes the command (or, with --init, its parent). Under the name "skiff-starter" it makes such processes, under
 * "skiff-watchdog" it watches over its caller, as "skiff-monitor" over a detached container; as "skiff-exec" it joins a
 * container that runs, to become a further command. "skiff-hold" keeps an unprivileged user's namespaces and "skiff-enter"
 * joins them; as "skiff-launch" it does so for the command line.
 */
#include "../core/protocol.h"
#include "enter.h"
#include "init.h"
#include "kept.h"
#include "monitor/monitor.h"
#include "starter.h"
#include "watchdog.h"

#include <string.h>
#include <sys/prctl.h>

int main(int argc, char **argv)
{
    skiff_error err = {0};
    const char *name = argc > 0 ? argv[0] : "";
    /* These three are the user's own, before there is any container. */
    if (strcmp(name, "skiff-enter") == 0)
        return skiff_enter(argv);
    /* A shell cannot choose the name that a program gets. */
    if (argc > 2 && strcmp(argv[1], "skiff-launch") == 0)
        return skiff_start_node(argv);
    if (strcmp(name, "skiff-hold") == 0)
        return skiff_hold();
    /* Until execve nothing of the host that this process still holds may be looked at by ptrace(2) or /proc. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (!skiff_begin_init(&err))
        return skiff_give_up(&err);
    if (strcmp(name, "skiff-watchdog") == 0)
        return skiff_watch(SKIFF_PIPE_FD);
    if (strcmp(name, "skiff-monitor") == 0)
        return skiff_monitor(SKIFF_PIPE_FD);
    if (strcmp(name, "skiff-starter") == 0)
        return skiff_serve_orders(SKIFF_PIPE_FD);
    return strcmp(name, "skiff-exec") == 0 ? skiff_run_exec() : skiff_run_init();
}
