#include "label.h"

#include "procfs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* It holds for the thread that writes it, from its next execve(2) on; proc_pid_attr(5). */
#define EXEC_OF_ALL "/proc/thread-self/attr/exec"
#define EXEC_OF_APPARMOR "/proc/thread-self/attr/apparmor/exec"

static bool write_label(const char *file, const char *text, const char *label, skiff_error *err)
{
    if (skiff_write_proc(file, text, strlen(text), err))
        return true;
    /* What the kernel refuses is the label, and not the file. */
    return strcmp(err->syscall, "write") == 0 && skiff_fail_with(err, err->errnum, "write", label);
}

bool skiff_set_apparmor_profile(const char *profile, skiff_error *err)
{
    char text[PATH_MAX];
    if ((size_t)snprintf(text, sizeof text, "exec %s", profile) >= sizeof text)
        return skiff_fail_with(err, ENAMETOOLONG, "write", profile);
    if (write_label(EXEC_OF_APPARMOR, text, profile, err))
        return true;
    /* Before Linux 5.8 there is one file, of whichever module is the first. */
    bool is_old = err->errnum == ENOENT && strcmp(err->syscall, "open") == 0;
    return is_old && write_label(EXEC_OF_ALL, text, profile, err);
}

bool skiff_set_selinux_label(const char *label, skiff_error *err)
{
    return write_label(EXEC_OF_ALL, label, label, err);
}
