// What is asked of the JavaScript engine.
#include "addon.h"

#include <dlfcn.h>

namespace skiff {

// v8::V8::SetFlagsFromString(const char *), looked up by its name: of an addon that is to run on any version of Node
// nothing of V8 may be needed. Where it is missing, nothing happens.
static const char SET_FLAGS[] = "_ZN2v82V818SetFlagsFromStringEPKc";

static Napi::Value OptimizeNothing(const Napi::CallbackInfo &info)
{
    auto set_flags = reinterpret_cast<void (*)(const char *)>(dlsym(RTLD_DEFAULT, SET_FLAGS));
    if (set_flags)
        set_flags("--no-opt");
    return info.Env().Undefined();
}

void RegisterEngine(Napi::Env env, Napi::Object exports)
{
    exports.Set("optimizeNothing", Napi::Function::New(env, OptimizeNothing, "optimizeNothing"));
}

} // namespace skiff
