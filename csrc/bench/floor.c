/*
 * The floor of start-up latency: one container's whole life by the cheapest system calls known, with no runtime around
 * it. Directories, overlay mount, cgroup with a memory limit, five namespaces, private root with /proc, /sys and a /dev
 * of its own, execve of /bin/true, wait, all removed again. Nothing here is out of reach of a correct runtime, and
 * nothing of the list is left out, postponed to after the clock was read, or kept from one round to the next.
 *
 *   floor --rounds N --layer DIR --root DIR [--parallel P]
 *   floor --serve --layer DIR --root DIR
 *
 * Prints the nanoseconds of each round on a line of its own; with --parallel, those of all P processes, and a last
 * line "wall NS": from the start of the first process to the end of the last. With --serve a round is run for each
 * byte that comes in on standard input, so that rounds of other programs can stand between.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "clone.h"
#include "common.h"

#define STACK_BYTES (64u << 10)
#define MEMORY_LIMIT "268435456"

typedef struct {
    const char *layer;
    const char *root;
    long rounds;
    long parallel;
    cgroup_place cgroup;
} bench;

/* One container: names of what is made for it, and what the child tells. */
typedef struct {
    char directory[PATH_MAX + 64];
    char cgroup[PATH_MAX + 64];
    const bench *bench;
    bool placed;        /* born in its cgroup */
    const char *failed; /* what the child could not do; the memory is shared */
    int errnum;
} life;

/* ---- In the child, on the parent's memory until execve ---- */

static int no(life *self, const char *what)
{
    self->failed = what;
    self->errnum = errno;
    return -1;
}

static int make_devices(life *self)
{
    static const struct {
        const char *path;
        unsigned major, minor;
    } nodes[] = {{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
                 {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};
    static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
                                           {"/proc/self/fd/0", "/dev/stdin"},
                                           {"/proc/self/fd/1", "/dev/stdout"},
                                           {"/proc/self/fd/2", "/dev/stderr"}};
    if (mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755,size=65536k") != 0)
        return no(self, "mount /dev");
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        if (mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) != 0)
            return no(self, nodes[i].path);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (symlink(links[i][0], links[i][1]) != 0)
            return no(self, links[i][1]);
    return 0;
}

static int enter_root(life *self)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return no(self, "make the mounts private");
    if (chdir("mnt") != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
        chdir("/") != 0)
        return no(self, "pivot_root");
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
        return no(self, "mount /proc");
    if (mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL) != 0)
        return no(self, "mount /sys");
    return make_devices(self);
}

static int child_main(void *argument)
{
    life *self = argument;
    char *const argv[] = {"true", NULL}, *const env[] = {NULL};
    sigset_t none;
    umask(0);
    if (!self->placed && cgroup_join(&self->bench->cgroup, self->cgroup) != 0)
        no(self, "join the cgroup");
    else if (enter_root(self) == 0) {
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execve("/bin/true", argv, env);
        no(self, "execve /bin/true");
    }
    _exit(125);
}

/* ---- The steps of a life, in the parent, whose working directory is the container's own ---- */

static void make_workspace(const life *self)
{
    char options[PATH_MAX + 64];
    must(mkdir(self->directory, 0700), "mkdir", self->directory);
    must(chdir(self->directory), "chdir", self->directory);
    must(mkdir("upper", 0755), "mkdir", "upper");
    must(mkdir("work", 0700), "mkdir", "work");
    must(mkdir("mnt", 0700), "mkdir", "mnt");
    snprintf(options, sizeof options, "lowerdir=%s,upperdir=upper,workdir=work,volatile", self->bench->layer);
    must(mount("floor", "mnt", "overlay", 0, options), "mount overlay", self->directory);
}

/* -1 where this kernel (before 5.7) or processor has no way to it: the child joins, then. */
static pid_t clone_placed(life *self, char *stack, int flags)
{
    int cgroup = open(self->cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
    must(cgroup, "open", self->cgroup);
    self->placed = true;
    pid_t pid = clone_into_cgroup(cgroup, (unsigned long)flags, stack, STACK_BYTES, child_main, self);
    self->placed = pid > 0;
    close(cgroup);
    return pid;
}

static void run_true(life *self, char *stack)
{
    int flags = CLONE_VM | CLONE_VFORK | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
    int status;
    pid_t pid = self->bench->cgroup.v2 ? clone_placed(self, stack, flags) : -1;
    if (pid < 0)
        pid = clone(child_main, stack + STACK_BYTES, flags | SIGCHLD, self);
    must(pid, "clone", "five namespaces");
    must(waitpid(pid, &status, 0), "waitpid", "true");
    if (self->failed)
        die("child", self->failed, self->errnum);
    if (status != 0)
        die("true", "ended with a wait status other than 0", 0);
}

static int remove_entry(const char *path, const struct stat *about, int flag, struct FTW *walk)
{
    (void)about, (void)flag, (void)walk;
    return remove(path);
}

/* What nothing was written to goes by one rmdir; anything else by a walk. */
static void remove_tree(const char *path)
{
    if (rmdir(path) != 0 && nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
        die("remove", path, errno);
}

static void remove_workspace(const life *self)
{
    must(umount2("mnt", UMOUNT_NOFOLLOW), "umount", self->directory);
    must(rmdir("mnt"), "rmdir", "mnt");
    /* What overlayfs leaves of a volatile mount, overlayfs.rst; the walk finds out where a kernel leaves other things. */
    unlink("work/work/incompat/volatile/dirty");
    rmdir("work/work/incompat/volatile");
    rmdir("work/work/incompat");
    rmdir("work/work");
    remove_tree("work");
    remove_tree("upper");
    must(chdir("/"), "chdir", "/");
    must(rmdir(self->directory), "rmdir", self->directory);
}

static int64_t one_life(const bench *bench, char *stack, long number)
{
    life self = {.bench = bench};
    sigset_t all, before;
    int64_t start = now_ns();
    /* No handler runs in the child on our memory, and who ends this program does so between two lives. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    /* The names are made on the clock, too: a runtime has to make them up for each container. */
    snprintf(self.directory, sizeof self.directory, "%s/floor-%d-%ld", bench->root, getpid(), number);
    snprintf(self.cgroup, sizeof self.cgroup, "%s/floor-%d-%ld", bench->cgroup.parent, getpid(), number);
    make_workspace(&self);
    must(mkdir(self.cgroup, 0755), "mkdir", self.cgroup);
    must(cgroup_limit(&bench->cgroup, self.cgroup, MEMORY_LIMIT), "limit memory", self.cgroup);
    run_true(&self, stack);
    must(rmdir(self.cgroup), "rmdir", self.cgroup);
    remove_workspace(&self);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return now_ns() - start;
}

/* ---- Command line ---- */

static void run_rounds(const bench *bench)
{
    char *stack = malloc(STACK_BYTES);
    int64_t *times = calloc((size_t)bench->rounds, sizeof *times);
    if (!stack || !times)
        die("malloc", "stack and times", errno);
    for (long i = 0; i < bench->rounds; i++)
        times[i] = one_life(bench, stack, i);
    for (long i = 0; i < bench->rounds; i++)
        printf("%lld\n", (long long)times[i]);
    fflush(stdout);
    free(times);
    free(stack);
}

static void serve(const bench *bench)
{
    char *stack = malloc(STACK_BYTES);
    if (!stack)
        die("malloc", "stack", errno);
    for (long i = 0; getchar() != EOF; i++) {
        printf("%lld\n", (long long)one_life(bench, stack, i));
        fflush(stdout);
    }
    free(stack);
}

static int run_parallel(const bench *bench)
{
    int failed = 0;
    int64_t start = now_ns();
    for (long i = 0; i < bench->parallel; i++) {
        pid_t pid = fork();
        must(pid, "fork", "another process");
        if (pid == 0) {
            run_rounds(bench);
            exit(0);
        }
    }
    for (int status; wait(&status) > 0;)
        failed |= status != 0;
    printf("wall %lld\n", (long long)(now_ns() - start));
    return failed;
}

int main(int argc, char **argv)
{
    bench bench = {.rounds = 100, .parallel = 1};
    bool wait_for_orders = argc > 1 && strcmp(argv[1], "--serve") == 0;
    for (int i = 1 + wait_for_orders; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--rounds") == 0)
            bench.rounds = count(argv[i], value, 1);
        else if (strcmp(argv[i], "--parallel") == 0)
            bench.parallel = count(argv[i], value, 1);
        else if (strcmp(argv[i], "--layer") == 0)
            bench.layer = value;
        else if (strcmp(argv[i], "--root") == 0)
            bench.root = value;
        else
            die("unknown option", argv[i], EINVAL);
    }
    if (!bench.layer || !bench.root)
        die("usage", "floor [--serve] [--rounds N] --layer DIR --root DIR [--parallel P]", EINVAL);
    /* The working directory changes in every round. */
    char layer[PATH_MAX], root[PATH_MAX];
    if (!realpath(bench.layer, layer))
        die("--layer", bench.layer, errno);
    if (!realpath(bench.root, root))
        die("--root", bench.root, errno);
    bench.layer = layer;
    bench.root = root;
    if (cgroup_find(&bench.cgroup) != 0)
        die("no memory controller", "neither in a cgroup v1 hierarchy nor handed down to a v2 cgroup", ENOENT);
    if (bench.parallel > 1)
        return run_parallel(&bench);
    if (wait_for_orders)
        serve(&bench);
    else
        run_rounds(&bench);
    return 0;
}
