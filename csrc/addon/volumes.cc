// What lib/volumes has done natively.
#include "addon.h"
#include "owned.h"

extern "C" {
#include "../core/trylock.h"
}

#include <cerrno>

namespace skiff {

static Napi::Value TryLockDirectory(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "tryLockDirectory");
    auto path = TextOption(options, "path");
    skiff_error error{};
    int fd = skiff_try_lock(path.c_str(), BoolOption(options, "shared", false), &error);
    if (fd >= 0)
        return Napi::Number::New(info.Env(), Owned::Of(info.Env()).Adopt(fd));
    if (error.errnum == EWOULDBLOCK)
        return info.Env().Null();
    throw ErrorOf(info.Env(), error);
}

void RegisterVolumes(Napi::Env env, Napi::Object exports)
{
    exports.Set("tryLockDirectory", Napi::Function::New(env, TryLockDirectory, "tryLockDirectory"));
}

} // namespace skiff
