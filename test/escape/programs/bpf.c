/* A program or map in the kernel. */
#include "attack.h"

#include <linux/bpf.h>

static long attack(char **argv)
{
    (void)argv;
    union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);
}
