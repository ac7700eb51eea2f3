/* Tests of the core that need no container: plans whole, cut off, and damaged; messages over a pipe. */
#include "../core/binds.h"
#include "../core/cleanup.h"
#include "../core/plan.h"
#include "../core/process.h"
#include "../core/protocol.h"
#include "../core/setup.h"
#include "check.h"
#include "damage.h"
#include "fakes.h"
#include "plans.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool parse_setup(const void *plan, size_t length, skiff_error *err)
{
    skiff_setup setup;
    bool ok = skiff_set_up(&setup, length % 2 == 0, plan, length, err);
    skiff_close_fd(&setup.null);
    return ok;
}

static void free_process(skiff_process *process)
{
    free(process->args);
    free(process->env);
    free(process->groups);
}

static bool parse_process(const void *plan, size_t length, skiff_error *err)
{
    skiff_process process;
    bool ok = skiff_read_process(&process, NULL, plan, length, err);
    free_process(&process);
    return ok;
}

static bool parse_binds(const void *plan, size_t length, skiff_error *err)
{
    fake_tree = SKIFF_BIND_FD;
    return skiff_open_binds(plan, length, -1, err);
}

static void test_whole_plans(void)
{
    skiff_error err;
    test_plan setup = plan_of_setup(), process = plan_of_process();
    fake_calls = 0;
    CHECK(parse_exact(parse_setup, setup.bytes, setup.length, &err));
    CHECK(fake_calls == 16); /* each operation was carried out once, BIND twice */
    CHECK(fake_binds == SKIFF_BIND_FD + 1); /* the second source for the second of them */

    test_plan binds = plan_of_binds();
    CHECK(parse_exact(parse_binds, binds.bytes, binds.length, &err));
    CHECK(fake_tree == SKIFF_BIND_FD + 2); /* each source was opened */
    CHECK(!parse_exact(parse_binds, setup.bytes, setup.length, &err) && err.errnum == EBADMSG);

    skiff_process read;
    CHECK(skiff_read_process(&read, NULL, process.bytes, process.length, &err));
    CHECK(strcmp(read.args[0], "one") == 0 && *read.args[1] == '\0' && strcmp(read.args[2], "a b\n") == 0);
    CHECK(!read.args[3] && read.uid == 1000 && read.gid == 1001 && read.group_count == 2 && read.groups[1] == 6);
    CHECK(read.stay_init && read.no_new_privs && read.capabilities.ambient == 0xa80425fb);
    CHECK(fake_file.mode == 0644 && fake_file.uid == 1000 && fake_file.gid == 1001 && fake_file.length == 3);
    CHECK(read.own_keyring && read.seccomp.length == 2 && read.seccomp.flags == 24);
    free_process(&read);
}

static void test_fault(void)
{
    skiff_error err = {0};
    skiff_fault fault = {"mount", ENOSPC};
    CHECK(skiff_step(&fault, "root", &err));
    CHECK(!skiff_step(&fault, "mount", &err));
    CHECK(err.errnum == ENOSPC && strcmp(err.step, "mount") == 0);
}

static void test_messages(void)
{
    int ends[2], count, fd = -1;
    skiff_error err = {0};
    skiff_header header;
    char body[8];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    int passed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK(skiff_send(ends[0], SKIFF_GO, "command", 8, &passed, 1, &err));
    CHECK(skiff_receive_header(ends[1], &header, &fd, 1, &count, &err) && header.type == SKIFF_GO);
    CHECK(count == 1 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
    CHECK(header.length == 8 && skiff_receive_exact(ends[1], body, 8, &err) && strcmp(body, "command") == 0);

    CHECK(write(ends[0], "no header of ours", 17) == 17);
    CHECK(!skiff_receive_header(ends[1], &header, NULL, 0, &count, &err) && err.errnum == EPROTO);
    close(ends[0]);
    CHECK(!skiff_receive_exact(ends[1], body, 8, &err) && err.errnum == EPIPE);
    CHECK(!skiff_receive_header(ends[1], &header, NULL, 0, &count, &err) && err.errnum == EPIPE);
    close(ends[1]);
    close(passed);
    close(fd);
}

static void test_long_error_text(void)
{
    char path[1024];
    memset(path, 'x', sizeof path);
    memcpy(path + sizeof path - 5, "/end", 5);
    skiff_error err = {0};
    CHECK(!skiff_fail_with(&err, ENOENT, "open", path));
    CHECK(strlen(err.path) == sizeof err.path - 1 && strstr(err.path, "/end"));
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 200000;
    unsigned seed = argc > 2 ? (unsigned)atoi(argv[2]) : (unsigned)getpid();
    srand(seed);
    test_plan setup = plan_of_setup(), process = plan_of_process(), binds = plan_of_binds();
    test_whole_plans();
    test_truncated(parse_setup, &setup);
    test_truncated(parse_process, &process);
    test_truncated(parse_binds, &binds);
    test_flipped(parse_setup, &setup);
    test_flipped(parse_process, &process);
    test_flipped(parse_binds, &binds);
    test_garbled(parse_setup, &setup, rounds);
    test_garbled(parse_process, &process, rounds);
    test_garbled(parse_binds, &binds, rounds);
    test_fault();
    test_messages();
    test_long_error_text();
    printf("%s: core, %u damaged plans, seed %u\n", failures ? "not ok" : "ok", 3 * rounds, seed);
    return failures ? 1 : 0;
}
