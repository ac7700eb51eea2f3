#include "writelayer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

const char *skiff_without_whiteout(const char *name)
{
    if (strncmp(name, ".wh..wh.", 8) == 0)
        return NULL;
    return strncmp(name, ".wh.", 4) == 0 ? name + 4 : name;
}

static bool has_attribute(int fd, const char *name)
{
    char path[64], value[1];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return getxattr(path, name, value, sizeof value) >= 0 || errno == ERANGE;
}

bool skiff_hides_others(int fd, skiff_hint_kind kind)
{
    if (kind == SKIFF_HINT_AUFS)
        return faccessat(fd, ".wh..wh..opq", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    static const char *const attributes[] = {"trusted.overlay.opaque", "user.overlay.opaque", "trusted.overlay.redirect",
                                             "user.overlay.redirect"};
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (has_attribute(fd, attributes[i]))
            return true;
    return false;
}
