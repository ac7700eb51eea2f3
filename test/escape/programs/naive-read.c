/* No attack: what is attacked by links that change. It looks whether a path is a plain file (or a directory) without
 * following links, does what takes 100 microseconds, and then opens it by its path.
 * argv: how often, the path, what must not be read. */
#include "attack.h"

#include <sys/stat.h>
#include <unistd.h>

static long attack(char **argv)
{
    errno = EPERM;
    for (int i = 0; i < atoi(argv[1]); i++) {
        struct stat about;
        char text[64] = "", directory[4096];
        snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(argv[2], '/') - argv[2]), argv[2]);
        if (lstat(directory, &about) != 0 || !S_ISDIR(about.st_mode))
            continue;
        usleep(100);
        int file = open(argv[2], O_RDONLY);
        if (file < 0)
            continue;
        ssize_t length = read(file, text, sizeof text - 1);
        close(file);
        if (length > 0 && strstr(text, argv[3]))
            return 0;
    }
    errno = EPERM;
    return -1;
}
