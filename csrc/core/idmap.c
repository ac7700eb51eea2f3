#include "idmap.h"

#include "capability.h"
#include "cleanup.h"
#include "mountapi.h"
#include "pidfd.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { HOLDER_STACK = 16 << 10 };

/* It is there until it is killed: a namespace has its ids written through a process that is in it. */
static int hold_namespace(void *unused)
{
    /* All signals are blocked: it does not return, and does not write the caller's errno. */
    return (int)syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

static size_t to_extents(uint32_t first, uint32_t caller, uint32_t count, skiff_id_extent extents[SKIFF_ID_EXTENTS])
{
    uint32_t below = caller == 0 || caller > count ? count : caller;
    size_t used = 0;
    extents[used++] = (skiff_id_extent){0, first, below};
    if (caller != 0)
        extents[used++] = (skiff_id_extent){caller, 0, 1};
    if (below < count)
        extents[used++] = (skiff_id_extent){below + 1, first + below, count - below};
    return used;
}

size_t skiff_uid_extents(const skiff_id_range *ids, skiff_id_extent extents[SKIFF_ID_EXTENTS])
{
    return to_extents(ids->uid, ids->caller_uid, ids->count, extents);
}

size_t skiff_gid_extents(const skiff_id_range *ids, skiff_id_extent extents[SKIFF_ID_EXTENTS])
{
    return to_extents(ids->gid, ids->caller_gid, ids->count, extents);
}

uint32_t skiff_id_inside(const skiff_id_extent *extents, size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++)
        if (id >= extents[i].outside && id - extents[i].outside < extents[i].count)
            return extents[i].inside + (id - extents[i].outside);
    return id;
}

static bool write_map(pid_t pid, const char *name, const skiff_id_extent *extents, size_t count, skiff_error *err)
{
    char path[64], text[SKIFF_ID_EXTENTS * 40];
    int length = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    for (size_t i = 0; i < count; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%u %u %u\n", extents[i].inside,
                           extents[i].outside, extents[i].count);
    cleanup_fd int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return skiff_fail(err, "open", path);
    return write(file, text, (size_t)length) == length || skiff_fail(err, "write", path);
}

static bool map_and_open(pid_t pid, const skiff_id_range *ids, int *namespace_fd, skiff_error *err)
{
    char path[64];
    skiff_id_extent uids[SKIFF_ID_EXTENTS], gids[SKIFF_ID_EXTENTS];
    if (!write_map(pid, "uid_map", uids, skiff_uid_extents(ids, uids), err) ||
        !write_map(pid, "gid_map", gids, skiff_gid_extents(ids, gids), err))
        return false;
    snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
    *namespace_fd = open(path, O_RDONLY | O_CLOEXEC);
    return *namespace_fd >= 0 || skiff_fail(err, "open", path);
}

static void end_holder(int pidfd)
{
    siginfo_t info;
    skiff_pidfd_signal(pidfd, SIGKILL);
    skiff_pidfd_wait(pidfd, 0, &info);
}

bool skiff_make_user_namespace(const skiff_id_range *ids, int *namespace_fd, skiff_error *err)
{
    cleanup_fd int pidfd = -1;
    skiff_error_text(err->step, sizeof err->step, "user-namespace");
    char *stack = mmap(NULL, HOLDER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return skiff_fail(err, "mmap", NULL);
    sigset_t before;
    skiff_block_signals(&before);
    /* Not CLONE_VFORK: it is mapped from here while it waits. */
    pid_t pid = clone(hold_namespace, stack + HOLDER_STACK, CLONE_VM | CLONE_PIDFD | CLONE_NEWUSER, NULL, &pidfd);
    int errnum = errno;
    skiff_restore_signals(&before);
    bool done = pid >= 0 ? map_and_open(pid, ids, namespace_fd, err) : skiff_fail_with(err, errnum, "clone", NULL);
    if (pid >= 0)
        end_holder(pidfd);
    munmap(stack, HOLDER_STACK);
    return done;
}

int skiff_open_shifted(const char *path, int user_namespace, skiff_error *err)
{
    struct {
        uint64_t attr_set, attr_clr, propagation, userns_fd;
    } change = {.attr_set = SKIFF_MOUNT_ATTR_IDMAP,
                /* As a peer of the mount that it is a copy of, it would take what is mounted there with it at its end. */
                .propagation = MS_PRIVATE,
                .userns_fd = (uint64_t)user_namespace};
    cleanup_fd int tree = (int)syscall(SKIFF_SYS_open_tree, AT_FDCWD, path, SKIFF_OPEN_TREE_CLONE | O_CLOEXEC);
    if (tree < 0) {
        skiff_fail(err, "open_tree", path);
        return -1;
    }
    if (syscall(SKIFF_SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &change, sizeof change) != 0) {
        skiff_fail(err, "mount_setattr IDMAP", path);
        return -1;
    }
    return skiff_steal_fd(&tree);
}

bool skiff_assume_root_of(const skiff_id_range *ids, skiff_identity *before, skiff_error *err)
{
    /* These are the calling thread's own, unlike all other changes of ids by the C library; setfsuid(2). */
    before->gid = (gid_t)setfsgid(ids->gid);
    before->uid = (uid_t)setfsuid(ids->uid);
    /* A change of the file system's user to another than 0 takes the capabilities of file accesses away; capabilities(7). */
    if (skiff_raise_effective(err))
        return true;
    skiff_resume_identity(before);
    return false;
}

void skiff_resume_identity(const skiff_identity *before)
{
    setfsuid(before->uid);
    setfsgid(before->gid);
}

bool skiff_enter_user_namespace(int user_namespace)
{
    /* The system calls themselves: the C library's functions would have all threads of the caller do the same. */
    return setns(user_namespace, CLONE_NEWUSER) == 0 && syscall(SYS_setgroups, 0, NULL) == 0 &&
           syscall(SYS_setresgid, 0, 0, 0) == 0 && syscall(SYS_setresuid, 0, 0, 0) == 0;
}

/* Of the process, as the memory is. */
static struct {
    pthread_mutex_t lock;
    int changes;  /* that are on */
    int dumpable; /* before the first of them */
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

void skiff_begin_change_of_user(void)
{
    pthread_mutex_lock(&memory.lock);
    if (memory.changes++ == 0)
        memory.dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    pthread_mutex_unlock(&memory.lock);
}

void skiff_end_change_of_user(void)
{
    pthread_mutex_lock(&memory.lock);
    if (--memory.changes == 0 && memory.dumpable == 1)
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    pthread_mutex_unlock(&memory.lock);
}
