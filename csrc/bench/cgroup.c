#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int write_file(const char *directory, const char *name, const char *text)
{
    char path[PATH_MAX];
    size_t length = strlen(directory);
    if (length + strlen(name) + 2 > sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(path, directory, length);
    path[length] = '/';
    strcpy(path + length + 1, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t written = write(file, text, strlen(text));
    int errnum = errno;
    close(file);
    errno = errnum;
    return written < 0 ? -1 : 0;
}

/* The path of our cgroup in the hierarchy whose line of /proc/self/cgroup has `controller`; "" asks for v2. */
static bool own_cgroup(const char *controller, char *path)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[PATH_MAX];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        char *names = strchr(line, ':');
        char *where = names ? strchr(names + 1, ':') : NULL;
        if (!where)
            continue;
        *where++ = '\0';
        where[strcspn(where, "\n")] = '\0';
        names++;
        found = *controller ? strcmp(names, controller) == 0 : *names == '\0';
        if (found)
            snprintf(path, PATH_MAX, "%s", strcmp(where, "/") == 0 ? "" : where);
    }
    if (file)
        fclose(file);
    return found;
}

static bool hands_down_memory(const char *cgroup)
{
    char path[PATH_MAX + 32], text[512] = "";
    snprintf(path, sizeof path, "%s/cgroup.subtree_control", cgroup);
    FILE *file = fopen(path, "re");
    bool has = file && fgets(text, sizeof text, file) && strstr(text, "memory");
    if (file)
        fclose(file);
    return has;
}

/* The directory, or where it is not shown (a bind mount of a part), the hierarchy's mount point. */
static bool writable_below(char *result, const char *mount_point, const char *inside)
{
    if ((size_t)snprintf(result, PATH_MAX, "%s%s", mount_point, inside) < PATH_MAX && access(result, W_OK) == 0)
        return true;
    snprintf(result, PATH_MAX, "%s", mount_point);
    return access(result, W_OK) == 0;
}

int cgroup_find(cgroup_place *place)
{
    char inside[PATH_MAX];
    place->v2 = false;
    if (own_cgroup("memory", inside) && writable_below(place->parent, "/sys/fs/cgroup/memory", inside))
        return 0;
    place->v2 = true;
    if (!own_cgroup("", inside))
        return -1;
    for (;;) {
        snprintf(place->parent, sizeof place->parent, "/sys/fs/cgroup%.*s", PATH_MAX - 32, inside);
        if (hands_down_memory(place->parent) && access(place->parent, W_OK) == 0)
            return 0;
        char *slash = strrchr(inside, '/');
        if (!slash)
            return -1;
        *slash = '\0';
    }
}

int cgroup_limit(const cgroup_place *place, const char *cgroup, const char *bytes)
{
    return write_file(cgroup, place->v2 ? "memory.max" : "memory.limit_in_bytes", bytes);
}

int cgroup_join(const cgroup_place *place, const char *cgroup)
{
    return write_file(cgroup, place->v2 ? "cgroup.procs" : "tasks", "0");
}
