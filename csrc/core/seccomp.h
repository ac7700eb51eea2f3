/* The filter of system calls, as lib/spec/seccomp has compiled it. */
#ifndef SKIFF_CORE_SECCOMP_H
#define SKIFF_CORE_SECCOMP_H

#include "error.h"

#include <stdint.h>

typedef struct skiff_seccomp {
    const void *program; /* struct sock_filter, one after the other; NULL: no filter */
    uint16_t length;     /* how many */
    uint32_t flags;      /* SECCOMP_FILTER_FLAG_ bits */
} skiff_seccomp;

/* From here on this process and all it becomes or makes have the filter. Without no_new_privs it takes CAP_SYS_ADMIN;
 * seccomp(2). */
bool skiff_install_filter(const skiff_seccomp *filter, skiff_error *err);

#endif
