// Detached containers: their monitor.
#include "addon.h"
#include "owned.h"

extern "C" {
#include "../core/cleanup.h"
#include "../core/monitoring.h"
}

#include <memory>

namespace skiff {

namespace {

// A descriptor that is closed where the environment that wanted it is gone.
struct Opened {
    int fd = -1;
    pid_t pid = 0;
    ~Opened() { skiff_close_fd(&fd); }
};

Napi::Value StartMonitor(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "startMonitor");
    int init = IntOption(options, "init");
    int lock = IntOption(options, "lock");
    std::string directory = TextOption(options, "directory");
    auto request = std::make_shared<std::vector<uint8_t>>(BytesOption(options, "request"));
    return Job<Opened>::Start(
        info.Env(),
        [init, lock, directory, request](Opened &opened, skiff_error *error) {
            return skiff_start_monitor(init, lock, directory.c_str(), request->data(), request->size(),
                                       &opened.fd, &opened.pid, error);
        },
        [](Napi::Env env, Opened &opened) -> Napi::Value {
            Napi::Object result = Napi::Object::New(env);
            result.Set("pid", opened.pid);
            result.Set("connection", Owned::Of(env).Adopt(skiff_steal_fd(&opened.fd)));
            return result;
        });
}

} // namespace

void RegisterMonitor(Napi::Env env, Napi::Object exports)
{
    exports.Set("startMonitor", Napi::Function::New(env, StartMonitor, "startMonitor"));
}

} // namespace skiff
