#include "request.h"

#include "../../core/cleanup.h"
#include "../../core/plan.h"

#include <errno.h>
#include <string.h>

static size_t count_of(char *const *texts)
{
    size_t count = 0;
    while (texts[count])
        count++;
    return count;
}

static bool read_workspace(skiff_request *request, skiff_reader *payload, skiff_error *err)
{
    skiff_workspace *workspace = &request->workspace;
    uint32_t kind, flags;
    char **layers, **skip;
    if (!skiff_read_u32(payload, &kind, err) || !skiff_read_u32(payload, &flags, err) ||
        !skiff_read_texts(payload, NULL, &layers, err) || !skiff_read_text(payload, &workspace->what.upper, err) ||
        !skiff_read_text(payload, &workspace->what.work, err) ||
        !skiff_read_text(payload, &workspace->what.target, err) || !skiff_read_texts(payload, NULL, &skip, err))
        return false;
    workspace->kind = (skiff_workspace_kind)kind;
    workspace->what.layers = (const char *const *)layers;
    workspace->what.layer_count = count_of(layers);
    workspace->what.user_xattr = flags & SKIFF_WORKSPACE_USER_XATTR;
    workspace->what.is_volatile = flags & SKIFF_WORKSPACE_VOLATILE;
    workspace->what.old_api = flags & SKIFF_WORKSPACE_OLD_API;
    if (!*workspace->what.work)
        workspace->what.work = NULL;
    workspace->skip = (const char *const *)skip;
    workspace->skip_count = count_of(skip);
    workspace->state = flags & SKIFF_WORKSPACE_MADE ? SKIFF_WORKSPACE_WRITTEN : SKIFF_WORKSPACE_NEW;
    return true;
}

static bool read_settings(skiff_cgroup *cgroup, skiff_reader *payload, skiff_error *err)
{
    cleanup_free char **texts = NULL;
    if (!skiff_read_texts(payload, NULL, &texts, err))
        return false;
    size_t count = count_of(texts) / 3;
    skiff_cgroup_setting *settings = calloc(count + 1, sizeof *settings);
    if (!settings)
        return skiff_fail(err, "calloc", NULL);
    for (size_t i = 0; i < count; i++)
        settings[i] = (skiff_cgroup_setting){texts[3 * i], texts[3 * i + 1], *texts[3 * i + 2] != '\0'};
    cgroup->settings = settings;
    cgroup->setting_count = count;
    return true;
}

static bool read_cgroup(skiff_request *request, skiff_reader *payload, skiff_error *err)
{
    if (request->cgroup_count == SKIFF_MAX_CGROUPS)
        return skiff_fail_with(err, EBADMSG, "plan", "has too many cgroups");
    skiff_cgroup *grown = realloc(request->cgroups, (request->cgroup_count + 1) * sizeof *grown);
    if (!grown)
        return skiff_fail(err, "realloc", NULL);
    request->cgroups = grown;
    skiff_cgroup *cgroup = &grown[request->cgroup_count++];
    *cgroup = (skiff_cgroup){0};
    uint32_t version, optional;
    if (!skiff_read_text(payload, &cgroup->path, err) || !skiff_read_u32(payload, &version, err) ||
        !skiff_read_u32(payload, &optional, err))
        return false;
    cgroup->version = (int)version;
    cgroup->optional = optional;
    const void *program;
    if (!read_settings(cgroup, payload, err) || !skiff_read_bytes(payload, &program, &cgroup->device_program_length, err))
        return false;
    cgroup->device_program = cgroup->device_program_length > 0 ? program : NULL;
    return true;
}

static bool read_start(skiff_request *request, skiff_reader *payload, skiff_error *err)
{
    uint32_t namespaces;
    if (!skiff_read_u32(payload, &namespaces, err))
        return false;
    request->namespaces = (int)namespaces;
    return skiff_read_bytes(payload, &request->setup, &request->setup_length, err) &&
           skiff_read_bytes(payload, &request->binds, &request->binds_length, err) &&
           skiff_read_bytes(payload, &request->process, &request->process_length, err);
}

static bool read_streams(skiff_request *request, skiff_reader *payload, skiff_error *err)
{
    uint32_t terminal, input, attached;
    if (!skiff_read_u32(payload, &terminal, err) || !skiff_read_u32(payload, &input, err) ||
        !skiff_read_u32(payload, &attached, err))
        return false;
    request->terminal = terminal;
    request->input = input;
    request->attached = attached;
    return true;
}

static bool read_limits(skiff_request *request, skiff_reader *payload, skiff_error *err)
{
    return skiff_read_u64(payload, &request->timeout_ms, err) && skiff_read_texts(payload, NULL, &request->oom_files, err);
}

static bool read_copy_ups(skiff_request *request, skiff_reader *payload, skiff_error *err)
{
    char **texts;
    if (!skiff_read_texts(payload, NULL, &texts, err))
        return false;
    size_t count = count_of(texts);
    if (count % 3 != 0)
        return skiff_fail_with(err, EBADMSG, "plan", "has half of a volume to be filled");
    request->copy_ups = calloc(count / 3 + 1, sizeof *request->copy_ups);
    if (!request->copy_ups)
        return skiff_fail(err, "calloc", NULL);
    for (size_t i = 0; i < count; i += 3)
        request->copy_ups[request->copy_up_count++] = (skiff_copy_up){texts[i], texts[i + 1], texts[i + 2]};
    return true;
}

static bool read_removal(skiff_request *request, skiff_reader *payload, skiff_error *err)
{
    uint32_t remove;
    if (!skiff_read_u32(payload, &remove, err) || !skiff_read_texts(payload, NULL, &request->claims, err) ||
        !skiff_read_texts(payload, NULL, &request->after, err))
        return false;
    request->remove = remove;
    if (!request->after[0])
        request->after = NULL;
    return true;
}

static bool read_amendable(skiff_amendable *amendable, skiff_record *record, skiff_error *err)
{
    skiff_reader *payload = &record->payload;
    if (record->operation == SKIFF_OP_RESTART)
        return skiff_read_u32(payload, &amendable->restart, err) &&
               skiff_read_u32(payload, &amendable->restart_limit, err);
    if (record->operation == SKIFF_OP_RECORD)
        return skiff_read_text(payload, &amendable->record, err) && skiff_read_text(payload, &amendable->event, err) &&
               skiff_read_text(payload, &amendable->identity, err);
    return skiff_fail_with(err, EBADMSG, "plan", "has an operation that this monitor does not know");
}

static bool read_one(skiff_request *request, skiff_record *record, skiff_error *err)
{
    skiff_reader *payload = &record->payload;
    switch (record->operation) {
    case SKIFF_OP_CONTAINER:
        return skiff_read_text(payload, &request->directory, err) && skiff_read_text(payload, &request->events, err);
    case SKIFF_OP_WORKSPACE:
        return read_workspace(request, payload, err);
    case SKIFF_OP_COPY_UPS:
        return read_copy_ups(request, payload, err);
    case SKIFF_OP_CGROUP:
        return read_cgroup(request, payload, err);
    case SKIFF_OP_START:
        return read_start(request, payload, err);
    case SKIFF_OP_IDS:
        return skiff_read_u32(payload, &request->ids.uid, err) && skiff_read_u32(payload, &request->ids.gid, err) &&
               skiff_read_u32(payload, &request->ids.count, err) &&
               skiff_read_u32(payload, &request->ids.caller_uid, err) &&
               skiff_read_u32(payload, &request->ids.caller_gid, err);
    case SKIFF_OP_STREAMS:
        return read_streams(request, payload, err);
    case SKIFF_OP_LOG:
        return skiff_read_u64(payload, &request->log_size, err) && skiff_read_u32(payload, &request->log_files, err);
    case SKIFF_OP_LIMITS:
        return read_limits(request, payload, err);
    case SKIFF_OP_REMOVAL:
        return read_removal(request, payload, err);
    default:
        return read_amendable(&request->amendable, record, err);
    }
}

bool skiff_read_request(skiff_request *request, const void *bytes, size_t length, skiff_error *err)
{
    *request = (skiff_request){0};
    skiff_error_text(err->step, sizeof err->step, "monitor");
    skiff_reader reader;
    if (!skiff_plan_open(&reader, bytes, length, err))
        return false;
    while (skiff_more(&reader)) {
        skiff_record record;
        if (!skiff_read_record(&reader, &record, err) || !read_one(request, &record, err) ||
            !skiff_read_end(&record.payload, err))
            return false;
    }
    bool whole = request->directory && request->amendable.record && request->workspace.what.target &&
                 request->setup_length > 0 && request->process_length > 0 && request->oom_files && request->claims;
    return whole || skiff_fail_with(err, EBADMSG, "plan", "misses what a monitor needs");
}

/* One that the container is in already. */
static bool read_joined(skiff_request *request, skiff_reader *payload, skiff_error *err)
{
    if (!read_cgroup(request, payload, err))
        return false;
    request->cgroups[request->cgroup_count - 1].made = true;
    return true;
}

/* Those beyond `count`, which a damaged amendment brought, point into bytes that nobody keeps. */
static void forget_joined(skiff_request *request, size_t count)
{
    for (; request->cgroup_count > count; request->cgroup_count--)
        free((void *)request->cgroups[request->cgroup_count - 1].settings);
}

bool skiff_read_amendment(skiff_request *request, const void *bytes, size_t length, skiff_error *err)
{
    skiff_amendable amended = request->amendable;
    size_t count = request->cgroup_count;
    skiff_reader reader;
    bool whole = skiff_plan_open(&reader, bytes, length, err);
    while (whole && skiff_more(&reader)) {
        skiff_record record;
        whole = skiff_read_record(&reader, &record, err) &&
                (record.operation == SKIFF_OP_CGROUP ? read_joined(request, &record.payload, err)
                                                     : read_amendable(&amended, &record, err)) &&
                skiff_read_end(&record.payload, err);
    }
    if (whole)
        request->amendable = amended;
    else
        forget_joined(request, count);
    return whole;
}
