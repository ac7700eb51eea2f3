#include "../../core/plan.h"
#include "../../init/monitor/request.h"
#include "../check.h"
#include "../damage.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

static bool parse_request(const void *plan, size_t length, skiff_error *err)
{
    skiff_request request;
    return skiff_read_request(&request, plan, length, err);
}

/* Over a request that is whole: what a damaged amendment changes, or leaves, must be as whole. */
static bool parse_amendment(const void *plan, size_t length, skiff_error *err)
{
    static test_plan whole;
    if (whole.length == 0)
        whole = plan_of_request();
    skiff_request request;
    skiff_error unused = {0};
    CHECK(skiff_read_request(&request, whole.bytes, whole.length, &unused));
    bool done = skiff_read_amendment(&request, plan, length, err);
    CHECK(done || (request.cgroup_count == 1 && strcmp(request.amendable.record, "{\"name\":\"bird\"") == 0));
    size_t read = strlen(request.amendable.record) + strlen(request.amendable.event);
    for (size_t i = 0; i < request.cgroup_count; i++)
        for (size_t j = 0; j < request.cgroups[i].setting_count; j++)
            read += strlen(request.cgroups[i].path) + strlen(request.cgroups[i].settings[j].value);
    CHECK(read > 0 || done);
    return done;
}

static void test_whole(void)
{
    test_plan plan = plan_of_request(), change = plan_of_amendment();
    skiff_request request;
    skiff_error err = {0};
    CHECK(skiff_read_request(&request, plan.bytes, plan.length, &err));
    CHECK(strcmp(request.directory, "/containers/id") == 0 && strcmp(request.events, "/events.jsonl") == 0);
    CHECK(request.workspace.what.layer_count == 2 && request.workspace.what.is_volatile);
    CHECK(request.cgroup_count == 1 && request.cgroups[0].setting_count == 2 && !request.cgroups[0].made);
    CHECK(request.cgroups[0].device_program && request.cgroups[0].device_program_length == 16);
    CHECK(!request.cgroups[0].settings[0].optional && request.cgroups[0].settings[1].optional);
    CHECK(request.input && request.attached && !request.terminal && request.remove && !request.after);
    CHECK(request.log_size == 4096 && request.log_files == 3 && request.timeout_ms == 1500);
    CHECK(strcmp(request.claims[1], "/names/bird") == 0 && !request.claims[2]);
    CHECK(request.setup_length > 0 && request.process_length > 0 && request.binds_length == 0);
    CHECK(request.amendable.restart == SKIFF_RESTART_ON_FAILURE && request.amendable.restart_limit == 3);

    CHECK(skiff_read_amendment(&request, change.bytes, change.length, &err));
    CHECK(request.cgroup_count == 2 && request.cgroups[1].made && !request.cgroups[0].made);
    CHECK(strcmp(request.amendable.record, "{\"name\":\"other\"") == 0);
    CHECK(!skiff_read_amendment(&request, plan.bytes, plan.length, &err) && request.cgroup_count == 2);
    CHECK(!parse_exact(parse_request, change.bytes, change.length, &err) && err.errnum == EBADMSG);
}

/* As many as a container can be in, and no more. */
static void test_many_cgroups(void)
{
    test_plan plan = plan_of_request(), change = plan_of_amendment();
    skiff_request request;
    skiff_error err = {0};
    CHECK(skiff_read_request(&request, plan.bytes, plan.length, &err));
    for (int i = 1; i < SKIFF_MAX_CGROUPS; i++)
        CHECK(skiff_read_amendment(&request, change.bytes, change.length, &err));
    CHECK(!skiff_read_amendment(&request, change.bytes, change.length, &err) && err.errnum == EBADMSG);
    CHECK(request.cgroup_count == SKIFF_MAX_CGROUPS);
}

void test_requests(unsigned rounds)
{
    test_plan request = plan_of_request(), amendment = plan_of_amendment();
    test_whole();
    test_many_cgroups();
    test_truncated(parse_request, &request);
    test_truncated(parse_amendment, &amendment);
    test_flipped(parse_request, &request);
    test_flipped(parse_amendment, &amendment);
    test_garbled(parse_request, &request, rounds);
    test_garbled(parse_amendment, &amendment, rounds);
}
