/* A step of a start, told in errors; and the tests' way to let one fail. */
#ifndef SKIFF_CORE_FAULT_H
#define SKIFF_CORE_FAULT_H

#include "error.h"

#include <stddef.h>
#include <string.h>

typedef struct skiff_fault {
    const char *step; /* NULL: none */
    int errnum;
} skiff_fault;

/* Begin a step: errors from here on carry its name. False when the tests asked for its failure. */
static inline bool skiff_step(const skiff_fault *fault, const char *step, skiff_error *err)
{
    skiff_error_text(err->step, sizeof err->step, step);
    if (fault->step && strcmp(fault->step, step) == 0)
        return skiff_fail_with(err, fault->errnum, "fault", step);
    return true;
}

#endif
