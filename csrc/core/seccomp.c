#include "seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2)
#endif

static bool install(const skiff_seccomp *filter, uint32_t flags)
{
    /* The kernel copies the program, from any alignment. */
    struct sock_fprog program = {.len = filter->length, .filter = (struct sock_filter *)filter->program};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0;
}

bool skiff_install_filter(const skiff_seccomp *filter, skiff_error *err)
{
    if (install(filter, filter->flags))
        return true;
    /* Before Linux 4.17 there is no such mitigation to be left out. */
    if (errno == EINVAL && (filter->flags & SECCOMP_FILTER_FLAG_SPEC_ALLOW) &&
        install(filter, filter->flags & ~(uint32_t)SECCOMP_FILTER_FLAG_SPEC_ALLOW))
        return true;
    return skiff_fail(err, "seccomp", NULL);
}
