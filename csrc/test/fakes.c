/* System calls and mounts of the set-up that count instead of doing. */
#include "../core/files.h"
#include "../core/loopback.h"
#include "../core/mounts.h"
#include "../core/rootpath.h"
#include "../core/target.h"
#include "../core/terminal.h"
#include "fakes.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/types.h>

int fake_calls;
int fake_binds;
int fake_tree;
skiff_file fake_file;

static bool done(void)
{
    fake_calls++;
    return true;
}

bool skiff_enter_root(skiff_error *err) { return done(); }
bool skiff_enter_root_on_base(skiff_error *err) { return done(); }
bool skiff_write_file(const skiff_file *file, skiff_error *err)
{
    fake_file = *file;
    return done();
}
bool skiff_raise_loopback(void) { return true; }
bool skiff_mount(const char *type, const char *source, const char *target, uint64_t flags, const char *data,
                 skiff_error *err) { return done(); }
bool skiff_mount_inside(const char *type, const char *source, const char *target, uint64_t flags, const char *data,
                        skiff_error *err) { return done(); }
int skiff_new_mount(const char *type, uint32_t attributes, const char *data, skiff_error *err)
{
    done();
    return 1000; /* nothing is open there */
}
bool skiff_place_mount(int mount, const char *target, skiff_error *err) { return done(); }
bool skiff_mask(const char *path, int null, const char **empty, skiff_error *err) { return done(); }
bool skiff_make_readonly(const char *path, skiff_error *err) { return done(); }
bool skiff_restrict_mount(const char *path, uint32_t attributes, skiff_error *err) { return done(); }
bool skiff_make_directories(const char *path, skiff_error *err) { return done(); }
bool skiff_make_parents(const char *path, skiff_error *err) { return done(); }
bool skiff_open_terminal(uint32_t rows, uint32_t columns, int *master, int *slave, skiff_error *err)
{
    return done();
}
bool skiff_mount_console(int master, skiff_error *err) { return true; }

bool skiff_is_procfs(int fd) { return false; }
int skiff_open_target(const char *path, int like, skiff_error *err)
{
    return open("/dev/null", O_PATH | O_CLOEXEC);
}
int skiff_open_in_root(int root, const char *path, int flags, mode_t mode)
{
    return open("/dev/null", O_PATH | O_CLOEXEC);
}

int __wrap_mknod(const char *path, mode_t mode, dev_t device);
long __wrap_syscall(long number, ...);
int __wrap_lchown(const char *path, uid_t uid, gid_t gid);
int __wrap_symlink(const char *target, const char *path);
int __wrap_sethostname(const char *name, size_t length);
int __wrap_setrlimit(int resource, const struct rlimit *limit);

/* Calls that have no name in the C library: those of bind mounts. */
long __wrap_syscall(long number, ...)
{
    enum { OPEN_TREE = 428, MOVE_MOUNT = 429 };
    if (number == OPEN_TREE)
        return fake_tree++;
    if (number == MOVE_MOUNT) {
        va_list arguments;
        va_start(arguments, number);
        fake_binds = va_arg(arguments, int);
        va_end(arguments);
        done();
    }
    return 0;
}

int __wrap_mknod(const char *path, mode_t mode, dev_t device) { return done() - 1; }
int __wrap_lchown(const char *path, uid_t uid, gid_t gid) { return 0; }
int __wrap_symlink(const char *target, const char *path) { return done() - 1; }
int __wrap_sethostname(const char *name, size_t length) { return done() - 1; }
int __wrap_setrlimit(int resource, const struct rlimit *limit) { return done() - 1; }
