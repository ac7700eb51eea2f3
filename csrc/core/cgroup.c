#include "cgroup.h"

#include "cleanup.h"
#include "deviceprogram.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool path_in(char *path, const skiff_cgroup *cgroup, const char *file, skiff_error *err)
{
    return (size_t)snprintf(path, PATH_MAX, "%s/%s", cgroup->path, file) < PATH_MAX ||
           skiff_fail_with(err, ENAMETOOLONG, "open", cgroup->path);
}

static bool apply(const skiff_cgroup *cgroup, const skiff_cgroup_setting *setting, skiff_error *err)
{
    char path[PATH_MAX];
    if (!path_in(path, cgroup, setting->file, err))
        return false;
    cleanup_fd int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return (errno == ENOENT && setting->optional) || skiff_fail(err, "open", path);
    /* The kernel takes each write as one command. */
    return write(file, setting->value, strlen(setting->value)) >= 0 || skiff_fail(err, "write", path);
}

bool skiff_make_cgroups(skiff_cgroup *cgroups, size_t count, skiff_error *err)
{
    for (size_t i = 0; i < count; i++) {
        skiff_cgroup *cgroup = &cgroups[i];
        if (cgroup->made)
            continue;
        if (mkdir(cgroup->path, 0755) != 0) {
            if (cgroup->optional)
                continue;
            return skiff_fail(err, "mkdir", cgroup->path);
        }
        cgroup->made = true;
        for (size_t j = 0; j < cgroup->setting_count; j++)
            if (!apply(cgroup, &cgroup->settings[j], err))
                return false;
        if (cgroup->device_program && !skiff_attach_device_program(cgroup->path, cgroup->device_program,
                                                                   cgroup->device_program_length, err))
            return false;
    }
    return true;
}

void skiff_thaw_cgroups(const skiff_cgroup *cgroups, size_t count)
{
    /* Of version 1 only the freezer's hierarchy has such a file. */
    static const skiff_cgroup_setting thawed[] = {{"freezer.state", "THAWED", true}, {"cgroup.freeze", "0", true}};
    skiff_error unused = {0};
    for (size_t i = 0; i < count; i++)
        apply(&cgroups[i], &thawed[cgroups[i].version == 2], &unused);
}

bool skiff_open_cgroups(const skiff_cgroup *cgroups, size_t count, bool by_clone, skiff_cgroup_entry *entry,
                        skiff_error *err)
{
    *entry = (skiff_cgroup_entry){.into = -1};
    for (size_t i = 0; i < count; i++) {
        if (!cgroups[i].made)
            continue;
        if (entry->file_count == SKIFF_MAX_CGROUPS)
            return skiff_fail_with(err, E2BIG, "open", cgroups[i].path);
        if (cgroups[i].version == 2 && by_clone && entry->into < 0) {
            entry->into = open(cgroups[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
            if (entry->into < 0)
                return skiff_fail(err, "open", cgroups[i].path);
            continue;
        }
        char path[PATH_MAX];
        /* A thread that moves itself by `tasks` needs not be kept from forking, so nothing waits for the RCU grace
         * period, some 10 ms on an idle machine, that a write to cgroup.procs costs (cgroup_procs_write_start). */
        if (!path_in(path, &cgroups[i], cgroups[i].version == 1 ? "tasks" : "cgroup.procs", err))
            return false;
        int file = open(path, O_WRONLY | O_CLOEXEC);
        if (file < 0)
            return skiff_fail(err, "open", path);
        entry->files[entry->file_count++] = file;
    }
    return true;
}

void skiff_close_cgroups(skiff_cgroup_entry *entry)
{
    skiff_close_fd(&entry->into);
    for (int i = 0; i < entry->file_count; i++)
        close(entry->files[i]);
    *entry = (skiff_cgroup_entry){.into = -1};
}

bool skiff_enter_cgroups(const skiff_cgroup_entry *entry)
{
    for (int i = 0; i < entry->file_count; i++)
        if (write(entry->files[i], "0", 1) != 1)
            return false;
    return true;
}
