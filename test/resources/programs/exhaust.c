/* Takes of one thing all that it gets, for a second at most; then it says how often it got it. argv: of what, and a directory
 * to write to. Exits with 1 where the kernel refused more. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, SECONDS = 1 };

static const char *place;
static time_t end;

/* Each takes once more; false where it got none. */

static bool take_process(void)
{
    pid_t child = fork();
    if (child == 0) /* and each of them goes on itself */
        while (time(NULL) < end)
            if (fork() < 0)
                usleep(1000);
    return child > 0;
}

static bool leave_zombie(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0;
}

static void *sleep_long(void *unused)
{
    sleep(60);
    return unused;
}

static bool take_thread(void)
{
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    return pthread_create(&thread, &small, sleep_long, NULL) == 0;
}

static bool take_memory(void)
{
    char *memory = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED && memset(memory, 'x', MIB);
}

static bool take_shared_memory(void)
{
    int id = shmget(IPC_PRIVATE, MIB, IPC_CREAT | 0600);
    char *memory = id < 0 ? (char *)-1 : shmat(id, NULL, 0);
    return memory != (char *)-1 && memset(memory, 'x', MIB);
}

static bool take_pipe(void)
{
    static const char bytes[MIB];
    int ends[2];
    return pipe2(ends, O_NONBLOCK) == 0 && fcntl(ends[1], F_SETPIPE_SZ, MIB) > 0 && write(ends[1], bytes, MIB) > 0;
}

static bool write_file(void)
{
    static const char bytes[MIB];
    static int file = -1;
    char path[256];
    snprintf(path, sizeof path, "%s/filled", place);
    if (file < 0)
        file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    return file >= 0 && write(file, bytes, MIB) == MIB;
}

static bool take_inode(void)
{
    static unsigned long made;
    char path[256];
    snprintf(path, sizeof path, "%s/empty-%lu", place, made++);
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    return file >= 0 && close(file) == 0;
}

static bool take_descriptor(void)
{
    return open("/dev/null", O_RDONLY) >= 0;
}

static bool take_timer(void)
{
    timer_t timer;
    struct itimerspec often = {{0, 1000}, {0, 1000}};
    struct sigevent none = {.sigev_notify = SIGEV_NONE};
    return timer_create(CLOCK_MONOTONIC, &none, &timer) == 0 && timer_settime(timer, 0, &often, NULL) == 0;
}

static bool queue_signal(void)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    return sigqueue(getpid(), SIGRTMIN, (union sigval){0}) == 0;
}

static bool signal_all(void)
{
    signal(SIGUSR1, SIG_IGN);
    kill(-1, SIGUSR1);
    return true;
}

static bool write_output(void)
{
    static const char line[] = "a line of output that goes on and on\n";
    return write(STDOUT_FILENO, line, sizeof line - 1) > 0;
}

static const struct {
    const char *name;
    bool (*take)(void);
} KINDS[] = {
    {"processes", take_process}, {"zombies", leave_zombie},      {"threads", take_thread},
    {"memory", take_memory},     {"shared", take_shared_memory}, {"pipes", take_pipe},
    {"file", write_file},        {"inodes", take_inode},         {"descriptors", take_descriptor},
    {"timers", take_timer},      {"queue", queue_signal},        {"signals", signal_all},
    {"output", write_output},
};

int main(int argc, char **argv)
{
    place = argc > 2 ? argv[2] : "/tmp";
    end = time(NULL) + SECONDS + 1;
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        if (argc < 2 || strcmp(argv[1], KINDS[i].name) != 0)
            continue;
        unsigned long got = 0;
        while (KINDS[i].take())
            if (++got % 64 == 0 && time(NULL) >= end)
                return 0;
        fprintf(stderr, "%lu, then: %s\n", got, strerror(errno));
        /* What was taken stays taken for the rest of the time. */
        while (time(NULL) < end)
            usleep(10000);
        return 1;
    }
    return 2;
}
