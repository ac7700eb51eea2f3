#include "capability.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool skiff_drop_bounding(uint64_t keep, skiff_error *err)
{
    for (int number = 0; number < 64; number++) {
        if (keep & (UINT64_C(1) << number))
            continue;
        if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0)
            continue;
        if (errno == EINVAL)
            return true; /* past the last one that this kernel knows */
        return skiff_fail(err, "prctl PR_CAPBSET_DROP", NULL);
    }
    return true;
}

bool skiff_clear_ambient(skiff_error *err)
{
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 || errno == EINVAL ||
           skiff_fail(err, "prctl PR_CAP_AMBIENT", NULL);
}

bool skiff_raise_effective(skiff_error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0)
        return skiff_fail(err, "capget", NULL);
    for (int half = 0; half < 2; half++)
        data[half].effective = data[half].permitted;
    return syscall(SYS_capset, &header, data) == 0 || skiff_fail(err, "capset", NULL);
}

static bool raise_ambient(uint64_t ambient, skiff_error *err)
{
    for (int number = 0; number < 64; number++)
        if ((ambient & (UINT64_C(1) << number)) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0)
            return skiff_fail(err, "prctl PR_CAP_AMBIENT", NULL);
    return true;
}

bool skiff_set_capabilities(const skiff_capabilities *sets, skiff_error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int half = 0; half < 2; half++)
        data[half] = (struct __user_cap_data_struct){
            .effective = (uint32_t)(sets->effective >> (32 * half)),
            .permitted = (uint32_t)(sets->permitted >> (32 * half)),
            .inheritable = (uint32_t)(sets->inheritable >> (32 * half)),
        };
    if (syscall(SYS_capset, &header, data) != 0)
        return skiff_fail(err, "capset", NULL);
    return raise_ambient(sets->ambient, err);
}
