#include "kept.h"
#include "enter.h"

#include "../core/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { NOT_INVOKED = 126, NOT_FOUND = 127, RECORD_BYTES = 512 };

/* As lib/engine/rootless/holder.ts writes it, to the letter; any other text is for node to understand. */
#define RECORD                                                                                                         \
    "{\"process\":{\"pid\":%d,\"startTime\":%*u,\"bootId\":\"%36[-0-9a-f]\",\"pidNamespace\":\"%llu\"},\"inode\":%llu," \
    "\"rootless\":{\"uid\":%*u,\"gid\":%*u,\"ids\":\"%*6[a-z]\"}}%n"

typedef struct {
    int pid;
    char boot[37];
    unsigned long long pid_namespace, user_namespace;
} record;

static bool is_own_directory(const char *path, mode_t forbidden)
{
    struct stat about;
    return lstat(path, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == geteuid() &&
           (about.st_mode & forbidden) == 0;
}

/* The choice of lib/engine/rootless/directories.ts, of a directory that is there. */
static bool find_runtime_directory(char directory[PATH_MAX])
{
    char usual[32];
    snprintf(usual, sizeof usual, "/run/user/%u", geteuid());
    const char *told = getenv("XDG_RUNTIME_DIR");
    const char *parent = told && *told == '/' && is_own_directory(told, 0) ? told : usual;
    int length = is_own_directory(parent, 0) ? snprintf(directory, PATH_MAX, "%s/skiff", parent)
                                             : snprintf(directory, PATH_MAX, "/tmp/skiff-%u", geteuid());
    return length < PATH_MAX && is_own_directory(directory, 022);
}

static bool read_text(int directory, const char *path, char *text, size_t size)
{
    cleanup_fd int file = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t length = file < 0 ? -1 : read(file, text, size - 1);
    if (length < 0)
        return false;
    text[length] = '\0';
    return true;
}

static bool read_record(const char *directory, record *kept)
{
    char text[RECORD_BYTES];
    int end = 0;
    cleanup_fd int place = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (place < 0 || !read_text(place, "namespaces.json", text, sizeof text))
        return false;
    int count = sscanf(text, RECORD, &kept->pid, kept->boot, &kept->pid_namespace, &kept->user_namespace, &end);
    return count == 4 && end > 0 && text[end] == '\0';
}

static bool is_inode(const char *path, unsigned long long inode)
{
    struct stat about;
    return stat(path, &about) == 0 && about.st_ino == inode;
}

/* A process in that user namespace proves that it is there still; of another boot or PID namespace its number says nothing. */
static bool is_kept(const record *kept)
{
    char boot[64], user[32];
    snprintf(user, sizeof user, "/proc/%d/ns/user", kept->pid);
    return read_text(AT_FDCWD, "/proc/sys/kernel/random/boot_id", boot, sizeof boot) &&
           strncmp(boot, kept->boot, strlen(kept->boot)) == 0 && is_inode("/proc/self/ns/pid", kept->pid_namespace) &&
           is_inode(user, kept->user_namespace);
}

static bool find_kept(record *kept)
{
    char directory[PATH_MAX];
    return find_runtime_directory(directory) && read_record(directory, kept) && is_kept(kept);
}

static int enter(const record *kept)
{
    char pid[16], inode[24];
    snprintf(pid, sizeof pid, "%d", kept->pid);
    snprintf(inode, sizeof inode, "%llu", kept->user_namespace);
    return skiff_enter_namespaces(pid, inode);
}

/* The two words before the script are the launcher's own name and verb: node's take their places. */
static int become_node(char **argv)
{
    argv[0] = "node";
    argv[1] = "--";
    execvp(argv[0], argv);
    dprintf(STDERR_FILENO, "skiff: cannot start node: %s\n", strerror(errno));
    return errno == ENOENT ? NOT_FOUND : NOT_INVOKED;
}

int skiff_start_node(char **argv)
{
    record kept;
    int failure = geteuid() != 0 && find_kept(&kept) ? enter(&kept) : 0;
    return failure != 0 ? failure : become_node(argv);
}
