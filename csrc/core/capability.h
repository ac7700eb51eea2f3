/* Capability sets by the raw system calls; capabilities(7), capset(2). */
#ifndef SKIFF_CORE_CAPABILITY_H
#define SKIFF_CORE_CAPABILITY_H

#include "process.h"

/* Drop from the bounding set what is not in `keep`. Needs CAP_SETPCAP, so it comes before the other sets. */
bool skiff_drop_bounding(uint64_t keep, skiff_error *err);

/* None of the ambient ones that this process was started with. */
bool skiff_clear_ambient(skiff_error *err);

/* All that is permitted takes effect: a change of user to another than root has left nothing in effect. */
bool skiff_raise_effective(skiff_error *err);

/* Effective, permitted, inheritable, then ambient. */
bool skiff_set_capabilities(const skiff_capabilities *sets, skiff_error *err);

#endif
