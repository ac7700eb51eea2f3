/* Network namespaces with nothing but loopback. */
#ifndef SKIFF_CORE_NETWORK_H
#define SKIFF_CORE_NETWORK_H

#include "error.h"

/*
 * Make a network namespace with lo up, for a later start: making one takes longer than all other namespaces together,
 * and waits for the kernel to clean up others. It lives as long as `*namespace_fd` is open.
 */
bool skiff_make_network(int *namespace_fd, skiff_error *err);

/* The same, belonging to a user namespace. */
bool skiff_make_network_inside(int user_namespace, int *namespace_fd, skiff_error *err);

#endif
