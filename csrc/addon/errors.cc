#include "addon.h"

#include <cstring>

namespace skiff {

Napi::Error ErrorOf(Napi::Env env, const skiff_error &error)
{
    const char *code = strerrorname_np(error.errnum);
    std::string message = std::string(error.syscall);
    if (error.path[0] != '\0')
        message += std::string(": ") + error.path;
    message += std::string(": ") + strerrordesc_np(error.errnum);

    Napi::Error result = Napi::Error::New(env, message);
    result.Set("code", Napi::String::New(env, code != nullptr ? code : "UNKNOWN"));
    result.Set("errno", Napi::Number::New(env, error.errnum));
    result.Set("syscall", Napi::String::New(env, error.syscall));
    if (error.path[0] != '\0')
        result.Set("path", Napi::String::New(env, error.path));
    if (error.step[0] != '\0')
        result.Set("step", Napi::String::New(env, error.step));
    return result;
}

Napi::Error FailedCall(Napi::Env env, const char *syscall, const char *path)
{
    skiff_error error{};
    skiff_fail(&error, syscall, path);
    return ErrorOf(env, error);
}

} // namespace skiff
