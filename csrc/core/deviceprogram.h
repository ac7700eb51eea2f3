/* Which devices can be used in a cgroup of v2: a BPF program, compiled by lib/cgroup/device-program.ts, in place of v1's devices
   controller. */
#ifndef SKIFF_CORE_DEVICEPROGRAM_H
#define SKIFF_CORE_DEVICEPROGRAM_H

#include "error.h"

#include <stddef.h>

/* Load the program and attach it to a cgroup's directory, beside those of the cgroups above: each of them must allow. It goes
   with the cgroup. */
bool skiff_attach_device_program(const char *cgroup, const void *program, size_t length, skiff_error *err);

#endif
