/* clone.test.ts: a child that is born in the cgroup of argv[1], prints where it is, and ends with code 7. */
#include "clone.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES (64u << 10)

static int child_main(void *argument)
{
    char text[8192];
    int *seen = argument;
    int file = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    ssize_t length = read(file, text, sizeof text);
    *seen = length > 0 && write(STDOUT_FILENO, text, (size_t)length) == length;
    _exit(7);
}

int main(int argc, char **argv)
{
    int status, seen = 0, cgroup = argc > 1 ? open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    char *stack = malloc(STACK_BYTES);
    if (cgroup < 0 || !stack)
        return 2;
    pid_t pid = clone_into_cgroup(cgroup, CLONE_VM | CLONE_VFORK, stack, STACK_BYTES, child_main, &seen);
    if (pid < 0) {
        perror("clone3");
        return 3;
    }
    free(stack);
    return waitpid(pid, &status, 0) == pid && seen && WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}
