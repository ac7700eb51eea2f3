// Processes with the init's program beside this one, and what the watchdog among them is told.
#include "addon.h"
#include "owned.h"
#include "terminal.h"

extern "C" {
#include "../core/launch.h"
#include "../core/protocol.h"
}

#include <sys/socket.h>

namespace skiff {

// A process beside this one: no namespaces, no plan; its pipe keeps messages and their descriptors together.
static Napi::Value StartCompanion(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "startCompanion");
    int init = IntOption(options, "init");
    std::string name = TextOption(options, "name");
    return Job<skiff_launched>::Start(
        info.Env(),
        [init, name](skiff_launched &launched, skiff_error *error) {
            skiff_launch_options options{};
            options.init = init;
            options.name = name.c_str();
            options.network = options.mount_base = options.user_namespace = options.starter = -1;
            return skiff_launch(&options, SOCK_SEQPACKET, &launched, error);
        },
        [](Napi::Env env, skiff_launched &launched) -> Napi::Value {
            Owned &owned = Owned::Of(env);
            Napi::Object result = Napi::Object::New(env);
            result.Set("pid", launched.pid);
            result.Set("pidfd", owned.Adopt(launched.pidfd));
            result.Set("pipe", owned.Adopt(launched.pipe));
            return result;
        });
}

static void Tell(Napi::Env env, int pipe, uint32_t type, const void *body, uint32_t length, int fd)
{
    skiff_error error{};
    if (!skiff_send(pipe, type, body, length, &fd, fd >= 0 ? 1 : 0, &error))
        throw ErrorOf(env, error);
}

static void Guard(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "guard");
    Tell(info.Env(), IntOption(options, "pipe"), SKIFF_GUARD, nullptr, 0, IntOption(options, "pidfd"));
}

static void GuardTerminal(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "guardTerminal");
    struct termios mode = ModeOption(options);
    Tell(info.Env(), IntOption(options, "pipe"), SKIFF_TERMINAL, &mode, sizeof mode, IntOption(options, "terminal"));
}

static void ForgetTerminal(const Napi::CallbackInfo &info)
{
    Tell(info.Env(), IntOption(OptionsOf(info, "forgetTerminal"), "pipe"), SKIFF_RESTORED, nullptr, 0, -1);
}

void RegisterCompanion(Napi::Env env, Napi::Object exports)
{
    exports.Set("startCompanion", Napi::Function::New(env, StartCompanion, "startCompanion"));
    exports.Set("guard", Napi::Function::New(env, Guard, "guard"));
    exports.Set("guardTerminal", Napi::Function::New(env, GuardTerminal, "guardTerminal"));
    exports.Set("forgetTerminal", Napi::Function::New(env, ForgetTerminal, "forgetTerminal"));
}

} // namespace skiff
