#include "mountbase.h"

#include "cloning.h"
#include "mountapi.h"

#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* As they are mounted here, so they can be mounted there. */
static bool mount_to_be_seen(void)
{
    return mkdir("./proc", 0555) == 0 && mkdir("./sys", 0555) == 0 && mount("proc", "./proc", "proc", 0, NULL) == 0 &&
           mount("sysfs", "./sys", "sysfs", 0, NULL) == 0;
}

static bool fill(skiff_making *work, bool seeing)
{
    work->failed_call = "open";
    work->fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (work->fd < 0)
        return false;
    work->failed_call = "mount";
    /* On /proc, since that is there, as the line above has shown. */
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("skiff", "/proc", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k,nr_inodes=8") != 0)
        return false;
    work->failed_call = "mknod";
    umask(0);
    if (chdir("/proc") != 0 || mkdir("./dev", 0755) != 0 ||
        mknod("./dev/null", S_IFCHR | 0666, makedev(1, 3)) != 0)
        return false;
    work->failed_call = "mount";
    if (seeing && !mount_to_be_seen())
        return false;
    work->failed_call = "pivot_root";
    return syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 && chdir("/") == 0 &&
           mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL) == 0;
}

static bool fill_base(skiff_making *work)
{
    return fill(work, false);
}

static bool fill_seeing_base(skiff_making *work)
{
    return fill(work, true);
}

bool skiff_make_mount_base(int *namespace_fd, skiff_error *err)
{
    return skiff_make_namespace(CLONE_NEWNS, -1, fill_base, namespace_fd, err);
}

bool skiff_make_seeing_mount_base(int *namespace_fd, skiff_error *err)
{
    return skiff_make_namespace(CLONE_NEWNS, -1, fill_seeing_base, namespace_fd, err);
}

int skiff_copy_mount(const char *path)
{
    return (int)syscall(SKIFF_SYS_open_tree, AT_FDCWD, path, SKIFF_OPEN_TREE_CLONE | O_CLOEXEC);
}

bool skiff_enter_mount_base(int base, int mount)
{
    return setns(base, CLONE_NEWNS) == 0 && unshare(CLONE_NEWNS) == 0 && skiff_attach_over_root(mount);
}

bool skiff_attach_over_root(int mount)
{
    /* The root directory of this process stays what it was, with all that is mounted in it. Nothing but `/` can be relied
     * on to be open to it. */
    return syscall(SKIFF_SYS_move_mount, mount, "", AT_FDCWD, "/", SKIFF_MOVE_MOUNT_F_EMPTY_PATH) == 0 &&
           fchdir(mount) == 0;
}
