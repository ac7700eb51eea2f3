// Processes in containers that run.
#include "addon.h"
#include "owned.h"
#include "parts.h"

extern "C" {
#include "../core/cleanup.h"
#include "../core/enter.h"
#include "../core/protocol.h"
}

#include <cerrno>
#include <sys/syscall.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

namespace skiff {

namespace {

Napi::Value OpenProcess(const Napi::CallbackInfo &info)
{
    int pidfd = static_cast<int>(syscall(SYS_pidfd_open, IntOption(OptionsOf(info, "openProcess"), "pid"), 0));
    if (pidfd < 0)
        throw FailedCall(info.Env(), "pidfd_open");
    return Napi::Number::New(info.Env(), Owned::Of(info.Env()).Adopt(pidfd));
}

struct Request {
    Cgroups cgroups;
    skiff_enter_options options{};

    explicit Request(const Napi::Object &from) : cgroups(ObjectListOption(from, "cgroups"))
    {
        options.init = IntOption(from, "init");
        options.pid = IntOption(from, "pid");
        options.container = IntOption(from, "pidfd");
        if (!from.Get("terminal").IsUndefined()) {
            Napi::Object size = ObjectOption(from, "terminal");
            options.flags |= SKIFF_JOIN_TERMINAL;
            options.rows = static_cast<uint32_t>(IntOption(size, "rows"));
            options.columns = static_cast<uint32_t>(IntOption(size, "columns"));
        }
        if (BoolOption(from, "orphan", false))
            options.flags |= SKIFF_JOIN_ORPHAN;
        skiff_cgroup *made = cgroups.Link();
        for (size_t i = 0; i < cgroups.Count(); i++)
            made[i].made = true;
        options.cgroups = made;
        options.cgroup_count = cgroups.Count();
    }
    Request(const Request &) = delete;
};

// What has entered, and ends again where the environment that wanted it is gone: at the end of its pipe, if it is an
// orphan.
struct Entered {
    skiff_launched process{0, -1, -1};
    int terminal = -1;

    ~Entered()
    {
        skiff_abandon(&process);
        skiff_close_fd(&terminal);
    }
};

int Hand(Owned &owned, int *fd)
{
    return *fd < 0 ? -1 : owned.Adopt(skiff_steal_fd(fd));
}

Napi::Value Enter(const Napi::CallbackInfo &info)
{
    auto request = std::make_shared<Request>(OptionsOf(info, "enter"));
    return Job<Entered>::Start(
        info.Env(),
        [request](Entered &entered, skiff_error *error) {
            return skiff_enter_container(&request->options, &entered.process, &entered.terminal, error);
        },
        [](Napi::Env env, Entered &entered) -> Napi::Value {
            Owned &owned = Owned::Of(env);
            Napi::Object result = Napi::Object::New(env);
            result.Set("pid", entered.process.pid);
            result.Set("pidfd", Hand(owned, &entered.process.pidfd));
            result.Set("pipe", Hand(owned, &entered.process.pipe));
            result.Set("terminal", Hand(owned, &entered.terminal));
            return result;
        });
}

} // namespace

void RegisterExec(Napi::Env env, Napi::Object exports)
{
    exports.Set("openProcess", Napi::Function::New(env, OpenProcess, "openProcess"));
    exports.Set("enter", Napi::Function::New(env, Enter, "enter"));
}

} // namespace skiff
