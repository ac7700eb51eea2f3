#include "setup.h"

#include "binds.h"
#include "cleanup.h"
#include "loopback.h"
#include "mountapi.h"
#include "mounts.h"
#include "plan.h"
#include "procfs.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

typedef bool (*operation)(skiff_setup *setup, skiff_reader *payload, skiff_error *err);

static bool do_hold(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *type, *data;
    uint32_t attributes;
    if (setup->held_count == SKIFF_HELD_MOUNTS)
        return skiff_fail_with(err, EBADMSG, "plan", "holds too many file systems");
    if (!skiff_read_text(payload, &type, err) || !skiff_read_u32(payload, &attributes, err) ||
        !skiff_read_text(payload, &data, err))
        return false;
    int fd = skiff_new_mount(type, attributes, data, err);
    if (fd < 0)
        return false;
    setup->held[setup->held_count++] = (skiff_held_mount){.type = type, .fd = fd};
    return true;
}

/* The one of that type, which is taken by it; NULL where there is none. */
static skiff_held_mount *find_held(skiff_setup *setup, const char *type)
{
    for (int i = 0; i < setup->held_count; i++)
        if (setup->held[i].type && strcmp(setup->held[i].type, type) == 0)
            return &setup->held[i];
    return NULL;
}

static bool place_held(skiff_held_mount *held, const char *target, skiff_error *err)
{
    held->type = NULL;
    cleanup_fd int mount = skiff_steal_fd(&held->fd);
    return skiff_place_mount(mount, target, err);
}

static bool do_root(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    uint32_t flags;
    if (!skiff_read_u32(payload, &flags, err))
        return false;
    return setup->on_base && (flags & SKIFF_ROOT_STAYS_ON_BASE) ? skiff_enter_root_on_base(err) : skiff_enter_root(err);
}

/* What the user mounts may lie over /dev: the masks' source is the one that is there now. */
static void hold_null(skiff_setup *setup)
{
    if (setup->null < 0)
        setup->null = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static bool do_mount(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *type, *source, *target, *data;
    uint64_t flags;
    if (!skiff_read_text(payload, &type, err) || !skiff_read_text(payload, &source, err) ||
        !skiff_read_text(payload, &target, err) || !skiff_read_u64(payload, &flags, err) ||
        !skiff_read_text(payload, &data, err))
        return false;
    skiff_held_mount *held = find_held(setup, type);
    return held ? place_held(held, target, err) : skiff_mount(type, source, target, flags, data, err);
}

static bool do_mount_inside(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *type, *source, *target, *data;
    uint64_t flags;
    hold_null(setup);
    return skiff_read_text(payload, &type, err) && skiff_read_text(payload, &source, err) &&
           skiff_read_text(payload, &target, err) && skiff_read_u64(payload, &flags, err) &&
           skiff_read_text(payload, &data, err) && skiff_mount_inside(type, source, target, flags, data, err);
}

static bool do_device(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *path;
    uint32_t mode, major, minor, uid, gid;
    if (!skiff_read_text(payload, &path, err) || !skiff_read_u32(payload, &mode, err) ||
        !skiff_read_u32(payload, &major, err) || !skiff_read_u32(payload, &minor, err) ||
        !skiff_read_u32(payload, &uid, err) || !skiff_read_u32(payload, &gid, err))
        return false;
    if (mknod(path, mode, makedev(major, minor)) != 0 &&
        (errno != ENOENT || !skiff_make_parents(path, err) || mknod(path, mode, makedev(major, minor)) != 0))
        return skiff_fail(err, "mknod", path);
    if ((uid != 0 || gid != 0) && lchown(path, uid, gid) != 0)
        return skiff_fail(err, "lchown", path);
    return true;
}

static bool do_symlink(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *target, *path;
    if (!skiff_read_text(payload, &target, err) || !skiff_read_text(payload, &path, err))
        return false;
    return symlink(target, path) == 0 || errno == EEXIST || skiff_fail(err, "symlink", path);
}

static bool do_mask(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *path;
    return skiff_read_text(payload, &path, err) && skiff_mask(path, setup->null, &setup->empty, err);
}

static bool do_readonly(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *path;
    return skiff_read_text(payload, &path, err) && skiff_make_readonly(path, err);
}

static bool do_hostname(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *name;
    if (!skiff_read_text(payload, &name, err))
        return false;
    return sethostname(name, strlen(name)) == 0 || skiff_fail(err, "sethostname", name);
}

static bool do_sysctl(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *name, *value;
    if (!skiff_read_text(payload, &name, err) || !skiff_read_text(payload, &value, err))
        return false;
    char path[512];
    if ((size_t)snprintf(path, sizeof path, "/proc/sys/%s", name) >= sizeof path)
        return skiff_fail_with(err, ENAMETOOLONG, "open", name);
    return skiff_write_proc(path, value, strlen(value), err);
}

/* A new network namespace has lo, but down; netdevice(7). */
static bool do_loopback(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    return skiff_raise_loopback() || skiff_fail(err, "ioctl SIOCSIFFLAGS", "lo");
}

static bool do_root_readonly(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    return skiff_restrict_mount("/", SKIFF_MOUNT_ATTR_RDONLY, err);
}

static bool do_terminal(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    uint32_t rows, columns;
    return skiff_read_u32(payload, &rows, err) && skiff_read_u32(payload, &columns, err) &&
           skiff_open_terminal(rows, columns, &setup->terminal_master, &setup->terminal_slave, err) &&
           skiff_mount_console(setup->terminal_master, err);
}

static bool do_directory(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *path;
    return skiff_read_text(payload, &path, err) && skiff_make_directories(path, err);
}

static bool do_bind(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *path;
    hold_null(setup);
    return skiff_read_text(payload, &path, err) && skiff_attach_bind(setup->next_bind++, path, err);
}

static bool do_restrict(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *path;
    uint32_t attributes;
    return skiff_read_text(payload, &path, err) && skiff_read_u32(payload, &attributes, err) &&
           skiff_restrict_mount(path, attributes, err);
}

static bool do_expose(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    const char *path;
    return skiff_read_text(payload, &path, err) && skiff_mount("none", path, path, MS_BIND, "", err);
}

static bool do_fault(skiff_setup *setup, skiff_reader *payload, skiff_error *err)
{
    uint32_t errnum;
    if (!skiff_read_text(payload, &setup->fault.step, err) || !skiff_read_u32(payload, &errnum, err))
        return false;
    setup->fault.errnum = (int)errnum;
    return true;
}

static const struct {
    const char *step;
    operation carry_out;
} operations[] = {
    [SKIFF_OP_ROOT] = {"root", do_root},
    [SKIFF_OP_MOUNT] = {"mount", do_mount},
    [SKIFF_OP_DEVICE] = {"device", do_device},
    [SKIFF_OP_SYMLINK] = {"symlink", do_symlink},
    [SKIFF_OP_MASK] = {"mask", do_mask},
    [SKIFF_OP_READONLY] = {"readonly", do_readonly},
    [SKIFF_OP_HOSTNAME] = {"hostname", do_hostname},
    [SKIFF_OP_SYSCTL] = {"sysctl", do_sysctl},
    [SKIFF_OP_LOOPBACK] = {"loopback", do_loopback},
    [SKIFF_OP_ROOT_READONLY] = {"root-readonly", do_root_readonly},
    [SKIFF_OP_TERMINAL] = {"terminal", do_terminal},
    [SKIFF_OP_FAULT] = {"plan", do_fault},
    [SKIFF_OP_DIRECTORY] = {"directory", do_directory},
    [SKIFF_OP_BIND] = {"bind", do_bind},
    [SKIFF_OP_MOUNT_INSIDE] = {"mount", do_mount_inside},
    [SKIFF_OP_RESTRICT] = {"restrict", do_restrict},
    [SKIFF_OP_EXPOSE] = {"expose", do_expose},
    [SKIFF_OP_HOLD] = {"mount", do_hold},
};

bool skiff_set_up(skiff_setup *setup, bool on_base, const void *plan, size_t length, skiff_error *err)
{
    *setup = (skiff_setup){.on_base = on_base,
                           .next_bind = SKIFF_BIND_FD,
                           .null = -1,
                           .terminal_master = -1,
                           .terminal_slave = -1};
    skiff_error_text(err->step, sizeof err->step, "plan");
    skiff_reader reader;
    if (!skiff_plan_open(&reader, plan, length, err))
        return false;
    while (skiff_more(&reader)) {
        skiff_record record;
        if (!skiff_read_record(&reader, &record, err))
            return false;
        if (record.operation >= sizeof operations / sizeof *operations || !operations[record.operation].carry_out)
            return skiff_fail_with(err, EBADMSG, "plan", "has an operation that this init does not know");
        if (!skiff_step(&setup->fault, operations[record.operation].step, err) ||
            !operations[record.operation].carry_out(setup, &record.payload, err) ||
            !skiff_read_end(&record.payload, err))
            return false;
    }
    for (int i = 0; i < setup->held_count; i++)
        skiff_close_fd(&setup->held[i].fd);
    skiff_close_binds(setup->next_bind);
    skiff_close_fd(&setup->null);
    return true;
}
