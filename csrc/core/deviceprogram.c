#include "deviceprogram.h"

#include "cleanup.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
    return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

bool skiff_attach_device_program(const char *cgroup, const void *program, size_t length, skiff_error *err)
{
    if (length == 0 || length % sizeof(struct bpf_insn) != 0)
        return skiff_fail_with(err, EINVAL, "bpf", cgroup);
    cleanup_fd int directory = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return skiff_fail(err, "open", cgroup);
    union bpf_attr load = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insns = (uintptr_t)program,
        .insn_cnt = (uint32_t)(length / sizeof(struct bpf_insn)),
        .license = (uintptr_t) "MIT",
    };
    /* The kernel gives it out with O_CLOEXEC. */
    cleanup_fd int loaded = bpf(BPF_PROG_LOAD, &load);
    if (loaded < 0)
        return skiff_fail(err, "bpf", cgroup);
    union bpf_attr attach = {
        .target_fd = (uint32_t)directory,
        .attach_bpf_fd = (uint32_t)loaded,
        .attach_type = BPF_CGROUP_DEVICE,
        .attach_flags = BPF_F_ALLOW_MULTI,
    };
    return bpf(BPF_PROG_ATTACH, &attach) == 0 || skiff_fail(err, "bpf", cgroup);
}
