#include "othermounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h> /* older C libraries have no struct statx */
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

bool skiff_is_of_the_kernel(int fd)
{
    static const long magics[] = {PROC_SUPER_MAGIC,   SYSFS_MAGIC,        DEVPTS_SUPER_MAGIC, CGROUP_SUPER_MAGIC,
                                  CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,     TRACEFS_MAGIC,      SECURITYFS_MAGIC,
                                  BPF_FS_MAGIC,       0x19800202 /* mqueue */, 0x62656570 /* configfs */};
    struct statfs about;
    if (fstatfs(fd, &about) != 0)
        return true;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if ((unsigned long)about.f_type == (unsigned long)magics[i])
            return true;
    return false;
}

bool skiff_is_mount_root(int fd, const struct stat *st, dev_t above)
{
    struct statx about;
    if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, 0, &about) == 0 &&
        (about.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
        return (about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    return st->st_dev != above;
}
