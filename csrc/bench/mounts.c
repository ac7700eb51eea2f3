/*
 * What mounts cost by themselves: a child with a mount namespace of its own mounts something on each of some directories
 * that are there, by one mount(2) call each, and ends. What a runtime adds to that is its own.
 *
 *   mounts --rounds N --count M --directory DIR [--overlay SCRATCH] [--source DIR]
 *
 * Below DIR there are directories named 0 to M-1; each gets a tmpfs, or with --source a bind mount of that directory.
 * With --overlay they are looked up in an overlay of DIR that is as new as a container's root is; SCRATCH is an empty
 * directory for it, and mounting it is in LIFE alone.
 * Prints for each round "LOOP LIFE" in ns: of the mount(2) calls, and from the clone to the notice of the child's end,
 * which comes when the kernel has taken all of them off again.
 */
#include "common.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES (64u << 10)

typedef struct {
    const char *directory;
    const char *overlay; /* NULL for none */
    const char *source;  /* NULL for tmpfs */
    long count;
    int64_t loop_ns; /* what the child took; the memory is shared */
    const char *failed;
    int errnum;
} round_work;

static int no(round_work *work, const char *what)
{
    work->failed = what;
    work->errnum = errno;
    _exit(125);
}

/* 0, or -1 and errno. The write layer is a tmpfs, so that it goes with the namespace. */
static int enter_overlay(const round_work *work)
{
    char options[PATH_MAX + 64];
    snprintf(options, sizeof options, "lowerdir=%s,upperdir=upper,workdir=work", work->directory);
    if (mount("tmpfs", work->overlay, "tmpfs", 0, NULL) != 0 || chdir(work->overlay) != 0)
        return -1;
    if (mkdir("upper", 0755) != 0 || mkdir("work", 0755) != 0 || mkdir("mnt", 0755) != 0)
        return -1;
    return mount("overlay", "mnt", "overlay", 0, options) != 0 ? -1 : chdir("mnt");
}

static int child_main(void *argument)
{
    round_work *work = argument;
    char name[24];
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return no(work, "make the mounts private");
    if (work->overlay ? enter_overlay(work) != 0 : chdir(work->directory) != 0)
        return no(work, "enter the directory");
    int64_t start = now_ns();
    for (long i = 0; i < work->count; i++) {
        snprintf(name, sizeof name, "%ld", i);
        int result = work->source ? mount(work->source, name, NULL, MS_BIND, NULL)
                                  : mount("tmpfs", name, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
        if (result != 0)
            return no(work, "mount");
    }
    work->loop_ns = now_ns() - start;
    _exit(0);
}

static void one_round(const round_work *asked, char *stack)
{
    round_work work = *asked;
    int status;
    int64_t start = now_ns();
    pid_t pid = clone(child_main, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_NEWNS | SIGCHLD, &work);
    must(pid, "clone", "a mount namespace");
    must(waitpid(pid, &status, 0), "waitpid", "the child");
    int64_t life_ns = now_ns() - start;
    if (work.failed)
        die(work.failed, work.directory, work.errnum);
    if (status != 0)
        die("the child", "ended with a wait status other than 0", 0);
    printf("%lld %lld\n", (long long)work.loop_ns, (long long)life_ns);
}

int main(int argc, char **argv)
{
    round_work work = {.count = -1};
    long rounds = 10;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--rounds") == 0)
            rounds = count(argv[i], value, 1);
        else if (strcmp(argv[i], "--count") == 0)
            work.count = count(argv[i], value, 0);
        else if (strcmp(argv[i], "--directory") == 0)
            work.directory = value;
        else if (strcmp(argv[i], "--overlay") == 0)
            work.overlay = value;
        else if (strcmp(argv[i], "--source") == 0)
            work.source = value;
        else
            die("unknown option", argv[i], EINVAL);
    }
    if (!work.directory || work.count < 0)
        die("usage", "mounts --count M --directory DIR [--rounds N] [--overlay SCRATCH] [--source DIR]", EINVAL);
    char *stack = malloc(STACK_BYTES);
    if (!stack)
        die("malloc", "stack", errno);
    for (long i = 0; i < rounds; i++)
        one_round(&work, stack);
    free(stack);
    return 0;
}
