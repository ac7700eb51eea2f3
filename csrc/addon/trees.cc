// Trees of files as JavaScript reads them: as a tar, or as what they have changed.
#include "addon.h"
#include "parts.h"

#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

extern "C" {
#include "../core/cleanup.h"
#include "../archive/tarstream.h"
}

namespace skiff {

// A walk as JavaScript holds it: one call at a time, and none once it is closed.
class Tree {
  public:
    Tree()
    {
        walk_.view.fd = walk_.old.fd = walk_.hint.fd = walk_.leaf.fd = -1;
        tar_.walk = walk_;
        tar_.single = tar_.file = -1;
    }
    ~Tree() { Close(); }
    Tree(const Tree &) = delete;
    Tree &operator=(const Tree &) = delete;

    bool Open(const skiff_walk_options &options, skiff_error *error)
    {
        return skiff_walk_open(&walk_, &options, error);
    }
    bool OpenTar(const skiff_tar_options &options, skiff_error *error)
    {
        return skiff_tar_open(&tar_, &walk_, &options, error);
    }
    bool OpenSingle(int fd, const skiff_tar_options &options, skiff_error *error)
    {
        return skiff_tar_open_single(&tar_, fd, &options, error);
    }

    bool Fill(void *buffer, size_t size, size_t *filled, bool *ended, skiff_error *error)
    {
        std::lock_guard<std::mutex> guard(turn_);
        if (closed_)
            return skiff_fail_with(error, ECANCELED, "read", nullptr);
        return skiff_tar_fill(&tar_, buffer, size, filled, ended, error);
    }

    struct Change {
        char kind;
        std::string path;
    };
    bool Changes(std::vector<Change> &changes, bool *ended, skiff_error *error)
    {
        std::lock_guard<std::mutex> guard(turn_);
        if (closed_)
            return skiff_fail_with(error, ECANCELED, "read", nullptr);
        skiff_found found;
        while (changes.size() < kChangesAtOnce) {
            switch (skiff_walk_next(&walk_, &found, error)) {
            case SKIFF_WALK_FOUND:
                changes.push_back({static_cast<char>(found.change), found.path});
                break;
            case SKIFF_WALK_GOES_ON:
                return true;
            case SKIFF_WALK_ENDED:
                *ended = true;
                return true;
            case SKIFF_WALK_FAILED:
                return false;
            }
        }
        return true;
    }

    void Close()
    {
        std::lock_guard<std::mutex> guard(turn_);
        if (closed_)
            return;
        closed_ = true;
        skiff_tar_close(&tar_);
        skiff_walk_close(&walk_);
    }

  private:
    static constexpr size_t kChangesAtOnce = 1024;
    std::mutex turn_;
    skiff_walk walk_{};
    skiff_tar tar_{};
    bool closed_ = false;
};

using Handle = std::shared_ptr<Tree>;

static Handle TreeOption(const Napi::Object &options)
{
    Napi::Value value = options.Get("tree");
    if (!value.IsExternal())
        throw Napi::TypeError::New(options.Env(), "option 'tree' must be what openTree returned");
    return *value.As<Napi::External<Handle>>().Data();
}

// A descriptor of our own for what the caller goes on to own.
static bool Duplicate(int from, int *to, skiff_error *error)
{
    *to = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, 3);
    return from < 0 || *to >= 0 || skiff_fail(error, "fcntl", "");
}

// The same directory, open for reading and at its beginning.
static bool Reopen(int from, int *to, skiff_error *error)
{
    *to = from < 0 ? -1 : openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return from < 0 || *to >= 0 || skiff_fail(error, "open", ".");
}

struct TreeRequest {
    int top, old, hint;
    skiff_hint_kind hint_kind = SKIFF_HINT_NONE;
    bool tar, layer, tell_top, cross_mounts;
    skiff_id_range ids;
    std::string name, shown;
};

static bool OpenTreeOf(const TreeRequest &request, Tree &tree, skiff_error *error)
{
    const skiff_tar_options tar{request.name.c_str(), request.layer, request.ids};
    struct stat st;
    if (fstat(request.top, &st) != 0)
        return skiff_fail(error, "fstat", request.shown.c_str());
    if (!S_ISDIR(st.st_mode)) {
        int fd;
        return Duplicate(request.top, &fd, error) && tree.OpenSingle(fd, tar, error);
    }
    skiff_walk_options options{};
    cleanup_fd int top = -1, old = -1, hint = -1;
    if (!Reopen(request.top, &top, error) || !Reopen(request.old, &old, error) || !Reopen(request.hint, &hint, error))
        return false;
    options.top = skiff_steal_fd(&top);
    options.old = skiff_steal_fd(&old);
    options.hint = skiff_steal_fd(&hint);
    options.hint_kind = request.hint_kind;
    options.tell_top = request.tell_top;
    options.cross_mounts = request.cross_mounts;
    options.name = request.shown.c_str();
    return tree.Open(options, error) && (!request.tar || tree.OpenTar(tar, error));
}

static skiff_hint_kind HintKindOf(const Napi::Object &options)
{
    std::string kind = TextOption(options, "hintKind", "");
    if (kind == "overlay")
        return SKIFF_HINT_OVERLAY;
    if (kind == "aufs")
        return SKIFF_HINT_AUFS;
    if (!kind.empty())
        throw Napi::TypeError::New(options.Env(), "option 'hintKind' is unknown: " + kind);
    return SKIFF_HINT_NONE;
}

static Napi::Value OpenTree(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "openTree");
    auto request = std::make_shared<TreeRequest>();
    request->top = IntOption(options, "top");
    request->old = IntOption(options, "old", -1);
    request->hint = IntOption(options, "hint", -1);
    request->hint_kind = HintKindOf(options);
    request->tar = BoolOption(options, "tar", false);
    request->layer = BoolOption(options, "layer", false);
    request->tell_top = BoolOption(options, "tellTop", false);
    request->cross_mounts = BoolOption(options, "crossMounts", false);
    request->ids = IdsOption(options);
    request->name = TextOption(options, "name", "");
    request->shown = TextOption(options, "shown", "");
    return Job<Handle>::Start(
        info.Env(),
        [request](Handle &tree, skiff_error *error) {
            tree = std::make_shared<Tree>();
            return OpenTreeOf(*request, *tree, error);
        },
        [](Napi::Env env, Handle &tree) -> Napi::Value {
            return Napi::External<Handle>::New(env, new Handle(tree), [](Napi::Env, Handle *held) { delete held; });
        });
}

struct Filled {
    size_t bytes = 0;
    bool ended = false;
};

static Napi::Value ReadTar(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "readTar");
    Handle tree = TreeOption(options);
    Napi::Value value = options.Get("buffer");
    if (!value.IsBuffer())
        throw Napi::TypeError::New(info.Env(), "option 'buffer' must be a Buffer");
    auto buffer = value.As<Napi::Buffer<char>>();
    // Kept from the collector until it is filled.
    auto held = std::make_shared<Napi::Reference<Napi::Buffer<char>>>(Napi::Persistent(buffer));
    char *data = buffer.Data();
    size_t size = buffer.Length();
    return Job<Filled>::Start(
        info.Env(),
        [tree, data, size](Filled &filled, skiff_error *error) {
            return tree->Fill(data, size, &filled.bytes, &filled.ended, error);
        },
        [held](Napi::Env env, Filled &filled) -> Napi::Value {
            Napi::Object result = Napi::Object::New(env);
            result.Set("bytes", Napi::Number::New(env, static_cast<double>(filled.bytes)));
            result.Set("ended", Napi::Boolean::New(env, filled.ended));
            return result;
        });
}

struct Changed {
    std::vector<Tree::Change> list;
    bool ended = false;
};

static Napi::Value ReadChanges(const Napi::CallbackInfo &info)
{
    Handle tree = TreeOption(OptionsOf(info, "readChanges"));
    return Job<Changed>::Start(
        info.Env(),
        [tree](Changed &changed, skiff_error *error) { return tree->Changes(changed.list, &changed.ended, error); },
        [](Napi::Env env, Changed &changed) -> Napi::Value {
            Napi::Array list = Napi::Array::New(env, changed.list.size());
            uint32_t at = 0;
            for (const auto &change : changed.list) {
                Napi::Object one = Napi::Object::New(env);
                one.Set("kind", Napi::String::New(env, &change.kind, 1));
                one.Set("path", Napi::Buffer<char>::Copy(env, change.path.data(), change.path.size()));
                list.Set(at++, one);
            }
            Napi::Object result = Napi::Object::New(env);
            result.Set("changes", list);
            result.Set("ended", Napi::Boolean::New(env, changed.ended));
            return result;
        });
}

static Napi::Value CloseTree(const Napi::CallbackInfo &info)
{
    Handle tree = TreeOption(OptionsOf(info, "closeTree"));
    return StartJob(info.Env(), [tree](skiff_error *) {
        tree->Close();
        return true;
    });
}

// ---- Files without a name ----

static Napi::Value LinkFile(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "linkFile");
    auto path = TextOption(options, "path");
    std::string from = "/proc/self/fd/" + std::to_string(IntOption(options, "fd"));
    if (linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0)
        throw FailedCall(info.Env(), "linkat", path.c_str());
    return info.Env().Undefined();
}

void RegisterTrees(Napi::Env env, Napi::Object exports)
{
    exports.Set("openTree", Napi::Function::New(env, OpenTree, "openTree"));
    exports.Set("readTar", Napi::Function::New(env, ReadTar, "readTar"));
    exports.Set("readChanges", Napi::Function::New(env, ReadChanges, "readChanges"));
    exports.Set("closeTree", Napi::Function::New(env, CloseTree, "closeTree"));
    exports.Set("linkFile", Napi::Function::New(env, LinkFile, "linkFile"));
}

} // namespace skiff
