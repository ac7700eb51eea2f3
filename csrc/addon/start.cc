// A container's start, in one job of the thread pool.
#include "addon.h"
#include "owned.h"
#include "parts.h"
#include "removal.h"

extern "C" {
#include "../core/answers.h"
#include "../core/cleanup.h"
#include "../core/mountbase.h"
#include "../core/network.h"
#include "../core/protocol.h"
#include "../core/removal.h"
#include "../core/start.h"
}

#include <cerrno>
#include <fcntl.h>
#include <optional>

namespace skiff {

namespace {

std::vector<int> StdioOption(const Napi::Object &options)
{
    std::vector<int> stdio = IntListOption(options, "stdio");
    if (stdio.size() != 0 && stdio.size() != SKIFF_STDIO)
        throw Napi::TypeError::New(options.Env(), "option 'stdio' must hold three descriptors or none");
    return stdio;
}

// A descriptor that is the start's from here on; -1: there is none.
int NetworkOption(const Napi::Object &options)
{
    int fd = IntOption(options, "network", -1);
    if (fd >= 0 && !Owned::Of(options.Env()).Release(fd))
        throw Napi::TypeError::New(options.Env(), "option 'network' is none that is there");
    return fd;
}

// What a start takes, read on the main thread.
struct Request {
    std::optional<Directory> directory;
    std::optional<Workspace> workspace;
    std::optional<CopyUps> copy_ups;
    std::shared_ptr<Ahead> ahead, left;
    std::optional<Cgroups> cgroups;
    std::vector<uint8_t> plan, binds, process;
    std::vector<int> stdio;
    Descriptor watchdog, starter, network;
    std::string fault_step;
    skiff_start_options options{};

    explicit Request(const Napi::Object &from)
        : plan(StampedOption(from, "plan")), stdio(StdioOption(from)),
          fault_step(TextOption(from, "faultStep", ""))
    {
        if (!Member(from, "directory").IsUndefined())
            directory.emplace(ObjectOption(from, "directory"));
        if (!Member(from, "cgroups").IsUndefined())
            cgroups.emplace(ObjectListOption(from, "cgroups"));
        if (!Member(from, "workspace").IsUndefined())
            workspace.emplace(ObjectOption(from, "workspace"));
        if (!Member(from, "copyUps").IsUndefined())
            copy_ups.emplace(ObjectListOption(from, "copyUps"));
        if (!Member(from, "binds").IsUndefined())
            binds = BytesOption(from, "binds");
        if (!Member(from, "process").IsUndefined())
            process = StampedOption(from, "process");
        options.init = IntOption(from, "init");
        options.namespaces = IntOption(from, "namespaces");
        options.network = network.fd = NetworkOption(from);
        options.hold_mounts = BoolOption(from, "holdMounts", false);
        options.few_ignored = Owned::Of(from.Env()).IgnoresFew();
        options.await_command = BoolOption(from, "awaitCommand", true);
        options.mount_base = IntOption(from, "mountBase", -1);
        options.ids = IdsOption(from);
        options.user_namespace = IntOption(from, "userNamespace", -1);
        options.fault.errnum = IntOption(from, "faultErrno", EIO);
        // Whatever fails from here on, they are used up.
        if (directory) {
            ahead = Owned::Of(from.Env()).aheads.Option(from, "ahead");
            left = Owned::Of(from.Env()).aheads.Option(from, "left");
        }
        // Their owners may replace them meanwhile and close the pipe, whose number would be another's then.
        options.watchdog = watchdog.fd = fcntl(IntOption(from, "watchdog"), F_DUPFD_CLOEXEC, 0);
        if (options.watchdog < 0)
            throw FailedCall(from.Env(), "fcntl", "the watchdog's pipe");
        int pipe = IntOption(from, "starter", -1);
        options.starter = starter.fd = pipe < 0 ? -1 : fcntl(pipe, F_DUPFD_CLOEXEC, 0);
        Link();
    }

    Request(const Request &) = delete;

    // Of the thread pool. Its descriptors have served then: to close them is not left to the event loop's thread.
    bool Run(skiff_started *started, skiff_error *error)
    {
        bool done = skiff_start_container(&options, started, error);
        for (Descriptor *held : {&watchdog, &starter, &network})
            held->Close();
        return done;
    }

  private:
    void Link()
    {
        options.directory = directory ? directory->Link(left ? left->Take()->directory : nullptr) : nullptr;
        options.workspace = workspace ? workspace->Link() : nullptr;
        options.cgroups = cgroups ? cgroups->Link() : nullptr;
        options.cgroup_count = cgroups ? cgroups->Count() : 0;
        if (ahead)
            TakeAhead();
        if (copy_ups && options.workspace) {
            options.copy_ups = copy_ups->Link();
            options.copy_up_count = copy_ups->Count();
        }
        options.plan = plan.data();
        options.plan_length = plan.size();
        options.binds = binds.empty() ? nullptr : binds.data();
        options.binds_length = binds.size();
        options.process = process.empty() ? nullptr : process.data();
        options.process_length = process.size();
        options.stdio = stdio.data();
        options.stdio_count = static_cast<int>(stdio.size());
        options.fault.step = fault_step.empty() ? nullptr : fault_step.c_str();
    }

    // It stands for workspace and cgroups, of the directory.
    void TakeAhead()
    {
        options.ahead = ahead->Take();
        options.workspace = ahead->Move(options.directory->path);
        options.cgroups = options.ahead->cgroups;
        options.cgroup_count = options.ahead->cgroup_count;
    }
};

// What has started, and ends again where the environment that wanted it is gone.
struct Started {
    skiff_started started{};
    bool there = false;

    ~Started()
    {
        if (!there)
            return;
        skiff_abandon(&started.init);
        skiff_close_fd(&started.terminal);
        skiff_close_fd(&started.mounts);
    }
};

Napi::Value StartedToJs(Napi::Env env, const Request &request, bool marks, Started &result)
{
    Owned &owned = Owned::Of(env);
    const skiff_started &started = result.started;
    Napi::Object object = Napi::Object::New(env);
    SetMember(object, "pid", started.init.pid);
    SetMember(object, "pidfd", owned.Adopt(started.init.pidfd));
    SetMember(object, "pipe", started.init.pipe >= 0 ? owned.Adopt(started.init.pipe) : -1);
    SetMember(object, "terminal", started.terminal >= 0 ? owned.Adopt(started.terminal) : -1);
    SetMember(object, "mounts", started.mounts >= 0 ? owned.Adopt(started.mounts) : -1);
    result.there = false;
    SetMember(object, "guarded", Napi::Boolean::New(env, started.guarded));
    SetMember(object, "cgroupsMade", MadeToJs(env, request.options.cgroups, request.options.cgroup_count));
    if (marks)
        SetMember(object, "marks", MarksToJs(env, started.marks));
    return object;
}

Napi::Value Start(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "start");
    auto request = std::make_shared<Request>(options);
    bool marks = BoolOption(options, "marks", false);
    return Job<Started>::Start(
        info.Env(),
        [request](Started &result, skiff_error *error) {
            return result.there = request->Run(&result.started, error);
        },
        [request, marks](Napi::Env env, Started &result) { return StartedToJs(env, *request, marks, result); });
}

Napi::Value MakeNamespace(Napi::Env env, bool (*make)(int *, skiff_error *))
{
    return Job<Descriptor>::Start(
        env, [make](Descriptor &made, skiff_error *error) { return make(&made.fd, error); },
        [](Napi::Env env, Descriptor &made) -> Napi::Value {
            return Napi::Number::New(env, Owned::Of(env).Adopt(skiff_steal_fd(&made.fd)));
        });
}

Napi::Value MakeNetwork(const Napi::CallbackInfo &info)
{
    return MakeNamespace(info.Env(), skiff_make_network);
}

// A user namespace and a network namespace that belongs to it; closed where the environment that wanted them is gone.
struct UserAndNetwork {
    Descriptor user, network;
};

Napi::Value MakeUser(const Napi::CallbackInfo &info)
{
    skiff_id_range ids = IdsOption(OptionsOf(info, "makeUser"));
    return Job<UserAndNetwork>::Start(
        info.Env(),
        [ids](UserAndNetwork &made, skiff_error *error) {
            return skiff_make_user_namespace(&ids, &made.user.fd, error) &&
                   skiff_make_network_inside(made.user.fd, &made.network.fd, error);
        },
        [](Napi::Env env, UserAndNetwork &made) -> Napi::Value {
            Napi::Object object = Napi::Object::New(env);
            object.Set("user", Owned::Of(env).Adopt(skiff_steal_fd(&made.user.fd)));
            object.Set("network", Owned::Of(env).Adopt(skiff_steal_fd(&made.network.fd)));
            return object;
        });
}

Napi::Value MakeMountBase(const Napi::CallbackInfo &info)
{
    bool seeing = BoolOption(OptionsOf(info, "makeMountBase"), "userNamespace", false);
    return MakeNamespace(info.Env(), seeing ? skiff_make_seeing_mount_base : skiff_make_mount_base);
}

Napi::Value Go(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "go");
    int pipe = IntOption(options, "pipe");
    auto process = std::make_shared<std::vector<uint8_t>>(StampedOption(options, "process"));
    std::vector<int> stdio = StdioOption(options);
    return StartJob(info.Env(), [pipe, process, stdio](skiff_error *error) {
        return skiff_go(pipe, process->data(), process->size(), stdio.data(), static_cast<int>(stdio.size()), error);
    });
}

void SendGo(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "sendGo");
    int pipe = IntOption(options, "pipe");
    std::vector<uint8_t> process = StampedOption(options, "process");
    std::vector<int> stdio = StdioOption(options);
    skiff_error error{};
    skiff_error_text(error.step, sizeof error.step, "go");
    if (!skiff_send_go(pipe, 0, process.data(), process.size(), stdio.data(), static_cast<int>(stdio.size()), &error))
        throw ErrorOf(info.Env(), error);
}

Napi::Value GoResult(const Napi::CallbackInfo &info)
{
    skiff_error error{};
    uint64_t ready_ns = 0;
    skiff_error_text(error.step, sizeof error.step, "go");
    if (!skiff_await_command(IntOption(OptionsOf(info, "goResult"), "pipe"), &ready_ns, &error))
        throw ErrorOf(info.Env(), error);
    return Napi::Number::New(info.Env(), static_cast<double>(ready_ns));
}

// Synchronous: cgroup files live in memory and answer within tens of microseconds.
Napi::Value MakeCgroups(const Napi::CallbackInfo &info)
{
    Cgroups cgroups(ObjectListOption(OptionsOf(info, "makeCgroups"), "cgroups"));
    skiff_error error{};
    skiff_cgroup *linked = cgroups.Link();
    if (!skiff_make_cgroups(linked, cgroups.Count(), &error))
        throw ErrorOf(info.Env(), error);
    return MadeToJs(info.Env(), linked, cgroups.Count());
}

Napi::Value EndMounts(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "endMounts");
    int fd = IntOption(options, "namespace");
    std::string container = TextOption(options, "container", ""), mount_point = TextOption(options, "mountPoint", "");
    auto held = std::make_shared<Descriptor>();
    held->fd = Owned::Of(info.Env()).Release(fd) ? fd : -1;
    return StartJob(info.Env(), [held, container, mount_point](skiff_error *) {
        skiff_end_mounts(skiff_steal_fd(&held->fd), container.c_str(), mount_point.empty() ? nullptr : mount_point.c_str());
        return true;
    });
}

Napi::Value MakeDirectory(const Napi::CallbackInfo &info)
{
    Directory directory(OptionsOf(info, "makeDirectory"));
    skiff_error error{};
    if (!skiff_make_directory(directory.Link(), &error))
        throw ErrorOf(info.Env(), error);
    return info.Env().Undefined();
}

} // namespace

void RegisterStart(Napi::Env env, Napi::Object exports)
{
    exports.Set("start", Napi::Function::New(env, Start, "start"));
    exports.Set("makeMountBase", Napi::Function::New(env, MakeMountBase, "makeMountBase"));
    exports.Set("makeUser", Napi::Function::New(env, MakeUser, "makeUser"));
    exports.Set("makeNetwork", Napi::Function::New(env, MakeNetwork, "makeNetwork"));
    exports.Set("go", Napi::Function::New(env, Go, "go"));
    exports.Set("endMounts", Napi::Function::New(env, EndMounts, "endMounts"));
    exports.Set("makeDirectory", Napi::Function::New(env, MakeDirectory, "makeDirectory"));
    exports.Set("sendGo", Napi::Function::New(env, SendGo, "sendGo"));
    exports.Set("goResult", Napi::Function::New(env, GoResult, "goResult"));
    exports.Set("makeCgroups", Napi::Function::New(env, MakeCgroups, "makeCgroups"));
}

} // namespace skiff
