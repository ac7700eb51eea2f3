/* No attack: what is attacked by links that change. It looks whether a path is a plain file (or a directory) without
 * following links, does what takes a tenth of a millisecond to thirteen, and then opens it by its path.
 * argv: seconds that it tries, the path, what must not be read. */
#include "attack.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long attack(char **argv)
{
    errno = EPERM;
    time_t end = time(NULL) + atoi(argv[1]);
    for (int i = 0; time(NULL) < end; i++) {
        struct stat about;
        char text[64] = "", directory[4096];
        snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(argv[2], '/') - argv[2]), argv[2]);
        if (lstat(directory, &about) != 0 || !S_ISDIR(about.st_mode))
            continue;
        usleep(100u << i % 8); /* others need as long for a change as their machine lets them */
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
