#include "plans.h"

#include "../core/plan.h"

#include <string.h>
#include <sys/stat.h>

static void put(test_plan *plan, const void *bytes, size_t length)
{
    memcpy(plan->bytes + plan->length, bytes, length);
    plan->length += length;
}

static void put_u32(test_plan *plan, uint32_t value)
{
    put(plan, &value, sizeof value);
}

static void put_u64(test_plan *plan, uint64_t value)
{
    put(plan, &value, sizeof value);
}

static void put_text(test_plan *plan, const char *text)
{
    put_u32(plan, (uint32_t)strlen(text) + 1);
    put(plan, text, strlen(text) + 1);
}

/* Returns where the record's length goes. */
static size_t begin(test_plan *plan, uint32_t operation)
{
    put_u32(plan, operation);
    put_u32(plan, 0);
    return plan->length;
}

static void end(test_plan *plan, size_t start)
{
    uint32_t length = (uint32_t)(plan->length - start);
    memcpy(plan->bytes + start - sizeof length, &length, sizeof length);
}

static void texts(test_plan *plan, uint32_t operation, const char *a, const char *b)
{
    size_t start = begin(plan, operation);
    put_text(plan, a);
    if (b)
        put_text(plan, b);
    end(plan, start);
}

static void numbers(test_plan *plan, uint32_t operation, uint32_t count)
{
    size_t start = begin(plan, operation);
    for (uint32_t i = 0; i < count; i++)
        put_u32(plan, 24 + i);
    end(plan, start);
}

static void text_list(test_plan *plan, uint32_t operation)
{
    size_t start = begin(plan, operation);
    put_u32(plan, 3);
    put_text(plan, "one");
    put_text(plan, "");
    put_text(plan, "a b\n");
    end(plan, start);
}

static void tmpfs(test_plan *plan, uint32_t operation, const char *target)
{
    size_t start = begin(plan, operation);
    put_text(plan, "tmpfs");
    put_text(plan, "tmpfs");
    put_text(plan, target);
    put_u64(plan, 6);
    put_text(plan, "mode=755");
    end(plan, start);
}

test_plan plan_of_setup(void)
{
    test_plan plan = {.length = 0};
    put_u32(&plan, SKIFF_PLAN_VERSION);
    size_t start = begin(&plan, SKIFF_OP_HOLD);
    put_text(&plan, "tmpfs");
    put_u32(&plan, 6);
    put_text(&plan, "size=1m,noswap");
    end(&plan, start);
    start = begin(&plan, SKIFF_OP_ROOT);
    put_u32(&plan, SKIFF_ROOT_STAYS_ON_BASE);
    end(&plan, start);
    tmpfs(&plan, SKIFF_OP_MOUNT, "/dev");
    start = begin(&plan, SKIFF_OP_DEVICE);
    put_text(&plan, "/dev/null");
    put_u32(&plan, S_IFCHR | 0666);
    for (uint32_t i = 0; i < 4; i++)
        put_u32(&plan, i);
    end(&plan, start);
    texts(&plan, SKIFF_OP_SYMLINK, "/proc/self/fd", "/dev/fd");
    texts(&plan, SKIFF_OP_MASK, "/proc/kcore", NULL);
    texts(&plan, SKIFF_OP_READONLY, "/proc/sys", NULL);
    texts(&plan, SKIFF_OP_HOSTNAME, "host", NULL);
    texts(&plan, SKIFF_OP_DIRECTORY, "/work", NULL);
    texts(&plan, SKIFF_OP_BIND, "/data", NULL);
    texts(&plan, SKIFF_OP_BIND, "/data/a b", NULL);
    tmpfs(&plan, SKIFF_OP_MOUNT_INSIDE, "/data/tmp");
    texts(&plan, SKIFF_OP_EXPOSE, "/dev/null", NULL);
    size_t restriction = begin(&plan, SKIFF_OP_RESTRICT);
    put_text(&plan, "/dev");
    put_u32(&plan, 4);
    end(&plan, restriction);
    numbers(&plan, SKIFF_OP_TERMINAL, 2);
    numbers(&plan, SKIFF_OP_ROOT_READONLY, 0);
    return plan;
}

test_plan plan_of_process(void)
{
    test_plan plan = {.length = 0};
    put_u32(&plan, SKIFF_PLAN_VERSION);
    text_list(&plan, SKIFF_OP_ARGS);
    text_list(&plan, SKIFF_OP_ENV);
    texts(&plan, SKIFF_OP_CWD, "/tmp", NULL);
    size_t start = begin(&plan, SKIFF_OP_USER);
    const uint32_t user[] = {1000, 1001, 022, 2, 5, 6};
    put(&plan, user, sizeof user);
    end(&plan, start);
    start = begin(&plan, SKIFF_OP_RLIMIT);
    put_u32(&plan, 7);
    put_u64(&plan, 64);
    put_u64(&plan, 128);
    end(&plan, start);
    start = begin(&plan, SKIFF_OP_CAPABILITIES);
    for (int i = 0; i < 5; i++)
        put_u64(&plan, 0xa80425fb);
    end(&plan, start);
    numbers(&plan, SKIFF_OP_NO_NEW_PRIVS, 0);
    numbers(&plan, SKIFF_OP_INIT, 0);
    numbers(&plan, SKIFF_OP_KEYRING, 0);
    numbers(&plan, SKIFF_OP_GROUPS_STAY, 0);
    texts(&plan, SKIFF_OP_APPARMOR, "a-profile", NULL);
    texts(&plan, SKIFF_OP_SELINUX, "u:r:t:s0:c1,c2", NULL);
    start = begin(&plan, SKIFF_OP_FILE);
    put_u32(&plan, 0644);
    put_text(&plan, "/w/a.c");
    put_u32(&plan, 3);
    put(&plan, "int", 3);
    end(&plan, start);
    start = begin(&plan, SKIFF_OP_SECCOMP);
    put_u32(&plan, 24);
    put_u32(&plan, 16);
    put(&plan, "two instructions", 16);
    end(&plan, start);
    return plan;
}

test_plan plan_of_binds(void)
{
    test_plan plan = {.length = 0};
    put_u32(&plan, SKIFF_PLAN_VERSION);
    for (uint32_t flags = 0; flags < 2; flags++) {
        size_t start = begin(&plan, SKIFF_OP_BIND_SOURCE);
        put_text(&plan, "/");
        put_text(&plan, flags ? "be/low" : "");
        put_u32(&plan, flags);
        put_text(&plan, flags ? "/target" : "");
        end(&plan, start);
    }
    return plan;
}

/* A text list of the field's own length. */
static void put_texts(test_plan *plan, const char *const *texts, uint32_t count)
{
    put_u32(plan, count);
    for (uint32_t i = 0; i < count; i++)
        put_text(plan, texts[i]);
}

static void put_bytes(test_plan *plan, const test_plan *bytes)
{
    put_u32(plan, (uint32_t)bytes->length);
    put(plan, bytes->bytes, bytes->length);
}

static void cgroup(test_plan *plan, const char *path)
{
    static const test_plan program = {.length = 16};
    const char *const settings[] = {"memory.max", "1048576", "", "memory.swap.max", "0", "optional"};
    size_t start = begin(plan, SKIFF_OP_CGROUP);
    put_text(plan, path);
    put_u32(plan, 2);
    put_u32(plan, 0);
    put_texts(plan, settings, 6);
    put_bytes(plan, &program);
    end(plan, start);
}

static void amendable(test_plan *plan, const char *name)
{
    size_t start = begin(plan, SKIFF_OP_RECORD);
    put_text(plan, name);
    put_text(plan, "{\"type\":\"container\"");
    put_text(plan, "\"bootId\":\"b\"");
    end(plan, start);
    start = begin(plan, SKIFF_OP_RESTART);
    put_u32(plan, SKIFF_RESTART_ON_FAILURE);
    put_u32(plan, 3);
    end(plan, start);
}

test_plan plan_of_request(void)
{
    const char *const layers[] = {"/layers/2", "/layers/1"}, *const oom[] = {"/sys/fs/cgroup/skiff/memory.events"};
    const char *const claims[] = {"/names/bird/id", "/names/bird"};
    test_plan plan = {.length = 0}, setup = plan_of_setup(), process = plan_of_process();
    put_u32(&plan, SKIFF_PLAN_VERSION);
    texts(&plan, SKIFF_OP_CONTAINER, "/containers/id", "/events.jsonl");
    size_t start = begin(&plan, SKIFF_OP_WORKSPACE);
    put_u32(&plan, 0);
    put_u32(&plan, 1);
    put_texts(&plan, layers, 2);
    put_text(&plan, "/containers/id/writeLayer");
    put_text(&plan, "/containers/id/work");
    put_text(&plan, "/containers/id/mnt");
    put_texts(&plan, NULL, 0);
    end(&plan, start);
    cgroup(&plan, "/sys/fs/cgroup/skiff");
    amendable(&plan, "{\"name\":\"bird\"");
    start = begin(&plan, SKIFF_OP_START);
    put_u32(&plan, 0);
    put_bytes(&plan, &setup);
    put_u32(&plan, 0);
    put_bytes(&plan, &process);
    end(&plan, start);
    start = begin(&plan, SKIFF_OP_STREAMS);
    put_u32(&plan, 0);
    put_u32(&plan, 1);
    put_u32(&plan, 1);
    end(&plan, start);
    start = begin(&plan, SKIFF_OP_LOG);
    put_u64(&plan, 4096);
    put_u32(&plan, 3);
    end(&plan, start);
    start = begin(&plan, SKIFF_OP_LIMITS);
    put_u64(&plan, 1500);
    put_texts(&plan, oom, 1);
    end(&plan, start);
    start = begin(&plan, SKIFF_OP_REMOVAL);
    put_u32(&plan, 1);
    put_texts(&plan, claims, 2);
    put_texts(&plan, NULL, 0);
    end(&plan, start);
    return plan;
}

test_plan plan_of_amendment(void)
{
    test_plan plan = {.length = 0};
    put_u32(&plan, SKIFF_PLAN_VERSION);
    cgroup(&plan, "/sys/fs/cgroup/joined");
    amendable(&plan, "{\"name\":\"other\"");
    return plan;
}
