// A container's file system from outside: opened as its processes see it, and looked up in.
#include "addon.h"
#include "owned.h"
#include "parts.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" {
#include "../core/cleanup.h"
#include "../core/rootpath.h"
#include "../archive/view.h"
}

namespace skiff {

// ---- Views ----

static Napi::Value AdoptJob(Napi::Env env, std::function<bool(int &, skiff_error *)> open)
{
    return Job<int>::Start(
        env, std::move(open),
        [](Napi::Env e, int &fd) -> Napi::Value { return Napi::Number::New(e, Owned::Of(e).Adopt(fd)); });
}

struct Bind {
    std::string source, destination;
    bool read_only;
};

static std::vector<Bind> BindsOption(const Napi::Object &options)
{
    std::vector<Bind> binds;
    if (options.Get("binds").IsUndefined())
        return binds;
    for (const auto &bind : ObjectListOption(options, "binds"))
        binds.push_back(
            {TextOption(bind, "source"), TextOption(bind, "destination"), BoolOption(bind, "readOnly", false)});
    return binds;
}

static Napi::Value OpenView(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "openView");
    auto workspace = std::make_shared<Workspace>(options);
    auto binds = std::make_shared<std::vector<Bind>>(BindsOption(options));
    const skiff_workspace *linked = workspace->Link();
    return AdoptJob(info.Env(), [workspace, linked, binds](int &fd, skiff_error *error) {
        std::vector<skiff_view_bind> list;
        for (const auto &bind : *binds)
            list.push_back({bind.source.c_str(), bind.destination.c_str(), bind.read_only});
        fd = skiff_open_view(linked, list.data(), list.size(), error);
        return fd >= 0;
    });
}

static Napi::Value OpenProcessRoot(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "openProcessRoot");
    int pid = IntOption(options, "pid");
    Napi::Value start = options.Get("startTime");
    if (!start.IsNumber())
        throw Napi::TypeError::New(info.Env(), "option 'startTime' must be a number");
    auto ticks = static_cast<unsigned long long>(start.As<Napi::Number>().Int64Value());
    skiff_error error{};
    int fd = skiff_open_process_root(pid, ticks, &error);
    if (fd < 0)
        throw ErrorOf(info.Env(), error);
    return Napi::Number::New(info.Env(), Owned::Of(info.Env()).Adopt(fd));
}

// ---- Look-ups ----

struct Looked {
    int fd = -1;
    struct stat st {};
    std::string target;
};

static bool LookUpIn(int root, const std::string &path, bool follow, Looked &looked, skiff_error *error)
{
    int flags = O_PATH | (follow ? 0 : O_NOFOLLOW);
    cleanup_fd int fd = root < 0 ? open(path.c_str(), flags | O_CLOEXEC)
                                 : skiff_open_in_root(root, path.c_str(), flags, 0);
    if (fd < 0)
        return errno == ENOENT || skiff_fail(error, "open", path.c_str());
    if (fstat(fd, &looked.st) != 0)
        return skiff_fail(error, "fstat", path.c_str());
    if (S_ISLNK(looked.st.st_mode)) {
        char target[4097];
        ssize_t length = readlinkat(fd, "", target, sizeof target);
        if (length < 0)
            return skiff_fail(error, "readlink", path.c_str());
        looked.target.assign(target, static_cast<size_t>(length));
    }
    looked.fd = skiff_steal_fd(&fd);
    return true;
}

static Napi::Value LookedToJs(Napi::Env env, Looked &looked)
{
    if (looked.fd < 0)
        return env.Null();
    Napi::Object result = Napi::Object::New(env);
    result.Set("fd", Napi::Number::New(env, Owned::Of(env).Adopt(looked.fd)));
    result.Set("mode", Napi::Number::New(env, looked.st.st_mode));
    result.Set("size", Napi::Number::New(env, static_cast<double>(looked.st.st_size)));
    if (S_ISLNK(looked.st.st_mode))
        result.Set("target", Napi::Buffer<char>::Copy(env, looked.target.data(), looked.target.size()));
    return result;
}

static Napi::Value LookUp(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "lookUp");
    int root = IntOption(options, "root", -1);
    auto path = TextOption(options, "path");
    bool follow = BoolOption(options, "follow", false);
    return Job<Looked>::Start(
        info.Env(),
        [root, path, follow](Looked &looked, skiff_error *error) {
            return LookUpIn(root, path, follow, looked, error);
        },
        LookedToJs);
}

void RegisterViews(Napi::Env env, Napi::Object exports)
{
    exports.Set("openView", Napi::Function::New(env, OpenView, "openView"));
    exports.Set("openProcessRoot", Napi::Function::New(env, OpenProcessRoot, "openProcessRoot"));
    exports.Set("lookUp", Napi::Function::New(env, LookUp, "lookUp"));
}

} // namespace skiff
