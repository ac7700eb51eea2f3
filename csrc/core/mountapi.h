/* System calls of the mount API, Linux 5.2 to 5.12: the same numbers on every architecture; musl's headers have no names
 * for them. */
#ifndef SKIFF_CORE_MOUNTAPI_H
#define SKIFF_CORE_MOUNTAPI_H

enum { SKIFF_SYS_open_tree = 428, SKIFF_SYS_move_mount = 429, SKIFF_SYS_mount_setattr = 442 };
enum { SKIFF_SYS_fsopen = 430, SKIFF_SYS_fsconfig = 431, SKIFF_SYS_fsmount = 432 };
enum { SKIFF_FSOPEN_CLOEXEC = 1, SKIFF_FSMOUNT_CLOEXEC = 1 };
enum { SKIFF_FSCONFIG_SET_FLAG = 0, SKIFF_FSCONFIG_SET_STRING = 1, SKIFF_FSCONFIG_CMD_CREATE = 6 };
enum { SKIFF_OPEN_TREE_CLONE = 1, SKIFF_AT_RECURSIVE = 0x8000 };
enum { SKIFF_MOVE_MOUNT_F_EMPTY_PATH = 4, SKIFF_MOVE_MOUNT_T_SYMLINKS = 16, SKIFF_MOVE_MOUNT_T_EMPTY_PATH = 64 };
enum { SKIFF_MOUNT_ATTR_RDONLY = 1, SKIFF_MOUNT_ATTR_NOSUID = 2, SKIFF_MOUNT_ATTR_NODEV = 4, SKIFF_MOUNT_ATTR_NOEXEC = 8,
       SKIFF_MOUNT_ATTR_IDMAP = 0x100000 };

#endif
