// What lib/workspace has done natively: union mounts, and trees written, copied and deleted without leaving them.
#include "addon.h"
#include "parts.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

extern "C" {
#include "../core/cleanup.h"
#include "../core/removetree.h"
#include "../core/rootpath.h"
#include "../core/unionmount.h"
#include "../archive/unpack.h"
}

namespace skiff {

// ---- Mounts ----

static Napi::Value MakeWriteLayer(const Napi::CallbackInfo &info)
{
    auto workspace = std::make_shared<Workspace>(OptionsOf(info, "makeWriteLayer"));
    const skiff_workspace *linked = workspace->Link();
    return StartJob(info.Env(),
                    [workspace, linked](skiff_error *error) { return skiff_make_write_layer(linked, error); });
}

static Napi::Value MakeMountPoint(const Napi::CallbackInfo &info)
{
    auto workspace = std::make_shared<Workspace>(OptionsOf(info, "makeMountPoint"));
    const skiff_workspace *linked = workspace->Link();
    return StartJob(info.Env(),
                    [workspace, linked](skiff_error *error) { return skiff_make_mount_point(linked, nullptr, -1, error); });
}

static Napi::Value Unmount(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "unmount");
    auto target = TextOption(options, "target");
    bool remove = BoolOption(options, "remove", false);
    return StartJob(info.Env(), [target, remove](skiff_error *error) {
        if (!skiff_unmount(target.c_str(), error))
            return false;
        return !remove || rmdir(target.c_str()) == 0 || errno == ENOENT || skiff_fail(error, "rmdir", target.c_str());
    });
}

// ---- Trees ----

static Napi::Value RemoveTrees(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "removeTrees");
    auto paths = TextListOption(options, "paths");
    return StartJob(info.Env(), [paths](skiff_error *error) {
        for (const auto &path : paths)
            if (!skiff_remove_tree(AT_FDCWD, path.c_str(), error))
                return false;
        return true;
    });
}

// All of the directory's file system reaches the disk.
static Napi::Value SyncFileSystem(const Napi::CallbackInfo &info)
{
    auto path = TextOption(OptionsOf(info, "syncFileSystem"), "path");
    return StartJob(info.Env(), [path](skiff_error *error) {
        cleanup_fd int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return (fd >= 0 && syncfs(fd) == 0) || skiff_fail(error, "syncfs", path.c_str());
    });
}

// ---- Unpacking ----

// An entry with the memory that its pointers lead to, but for a file's bytes: those stay the caller's.
struct Entry {
    skiff_entry entry{};
    std::string name, target;
    std::vector<std::pair<std::string, std::vector<uint8_t>>> attributes;
    std::vector<skiff_xattr> xattrs;

    // Only once the entry has its place: moving it moves what it owns.
    const skiff_entry &Linked()
    {
        for (const auto &[attribute, value] : attributes)
            xattrs.push_back({attribute.c_str(), value.data(), value.size()});
        entry.name = name.c_str();
        entry.target = target.c_str();
        entry.xattrs = xattrs.data();
        entry.xattr_count = xattrs.size();
        return entry;
    }
};

static double NumberOr(const Napi::Object &options, const char *name, double fallback)
{
    Napi::Value value = options.Get(name);
    return value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : fallback;
}

static skiff_entry_kind KindOf(const Napi::Object &options)
{
    static const std::pair<const char *, skiff_entry_kind> kinds[] = {
        {"directory", SKIFF_ENTRY_DIRECTORY}, {"file", SKIFF_ENTRY_FILE},       {"data", SKIFF_ENTRY_DATA},
        {"meta", SKIFF_ENTRY_META},           {"symlink", SKIFF_ENTRY_SYMLINK}, {"link", SKIFF_ENTRY_LINK},
        {"node", SKIFF_ENTRY_NODE},           {"whiteout", SKIFF_ENTRY_WHITEOUT}, {"opaque", SKIFF_ENTRY_OPAQUE},
    };
    std::string text = TextOption(options, "kind");
    for (const auto &[name, kind] : kinds)
        if (text == name)
            return kind;
    throw Napi::TypeError::New(options.Env(), "option 'kind' is unknown: " + text);
}

static Entry EntryOf(const Napi::Object &options)
{
    Entry e;
    e.entry.kind = KindOf(options);
    e.name = TextOption(options, "name");
    e.target = TextOption(options, "target", "");
    e.entry.mode = static_cast<mode_t>(IntOption(options, "mode", 0));
    e.entry.uid = static_cast<uid_t>(NumberOr(options, "uid", 0));
    e.entry.gid = static_cast<gid_t>(NumberOr(options, "gid", 0));
    e.entry.device = makedev(static_cast<unsigned>(NumberOr(options, "major", 0)),
                             static_cast<unsigned>(NumberOr(options, "minor", 0)));
    e.entry.mtime.tv_sec = static_cast<time_t>(NumberOr(options, "mtime", 0));
    e.entry.mtime.tv_nsec = static_cast<long>(NumberOr(options, "mtimeNsec", 0));
    e.entry.offset = static_cast<uint64_t>(NumberOr(options, "offset", 0));
    e.entry.size = static_cast<uint64_t>(NumberOr(options, "size", 0));
    Napi::Value data = options.Get("data");
    if (data.IsBuffer()) {
        auto bytes = data.As<Napi::Buffer<uint8_t>>();
        e.entry.data = bytes.Data();
        e.entry.data_size = bytes.Length();
    } else if (!data.IsUndefined()) {
        throw Napi::TypeError::New(options.Env(), "option 'data' must be a Buffer");
    }
    if (!options.Get("xattrs").IsUndefined())
        for (const auto &xattr : ObjectListOption(options, "xattrs"))
            e.attributes.emplace_back(TextOption(xattr, "name"), BytesOption(xattr, "value"));
    return e;
}

// Indexes of entries; JavaScript sees them as numbers.
using Indexes = std::vector<size_t>;

static Napi::Value IndexesToJs(Napi::Env env, Indexes &indexes)
{
    Napi::Array list = Napi::Array::New(env, indexes.size());
    for (size_t i = 0; i < indexes.size(); i++)
        list.Set(static_cast<uint32_t>(i), Napi::Number::New(env, static_cast<double>(indexes[i])));
    return list;
}

static Napi::Value Unpack(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "unpack");
    auto root = TextOption(options, "root");
    bool keep_kinds = BoolOption(options, "keepKinds", false);
    skiff_id_range ids = IdsOption(options);
    auto directory = TextOption(options, "replaced", "");
    auto first = static_cast<uint64_t>(NumberOr(options, "firstReplaced", 0));
    auto entries = std::make_shared<std::vector<Entry>>();
    for (const auto &entry : ObjectListOption(options, "entries"))
        entries->push_back(EntryOf(entry));
    // Keeps the files' bytes where they are for as long as the job lives; it ends on this thread.
    auto kept = std::make_shared<Napi::ObjectReference>(Napi::Persistent(options));
    auto work = [root, keep_kinds, ids, directory, first, entries, kept](Indexes &replacing, skiff_error *error) {
        std::vector<skiff_entry> linked;
        for (auto &entry : *entries)
            linked.push_back(entry.Linked());
        replacing.resize(directory.empty() ? 0 : linked.size());
        skiff_replaced replaced = {directory.c_str(), first, replacing.data(), 0};
        skiff_identity before;
        if (ids.count > 0 && !skiff_assume_root_of(&ids, &before, error))
            return false;
        bool done = skiff_unpack(root.c_str(), linked.data(), linked.size(), keep_kinds,
                                 directory.empty() ? nullptr : &replaced, error);
        if (ids.count > 0)
            skiff_resume_identity(&before);
        replacing.resize(replaced.count);
        return done;
    };
    return Job<Indexes>::Start(info.Env(), work, IndexesToJs);
}

// ---- Reading ----

static Napi::Value ReadFileInRoot(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "readFileInRoot");
    auto root = TextOption(options, "root"), path = TextOption(options, "path");
    int limit = IntOption(options, "maxBytes");
    bool walk = BoolOption(options, "walk", false);
    if (limit < 0)
        throw Napi::RangeError::New(info.Env(), "option 'maxBytes' must not be negative");
    cleanup_free char *data = nullptr;
    size_t size = 0;
    skiff_error error{};
    if (!skiff_read_in_root(root.c_str(), path.c_str(), static_cast<size_t>(limit), walk, &data, &size, &error))
        throw ErrorOf(info.Env(), error);
    if (data == nullptr)
        return info.Env().Null();
    return Napi::Buffer<char>::Copy(info.Env(), data, size);
}

void RegisterWorkspace(Napi::Env env, Napi::Object exports)
{
    exports.Set("makeWriteLayer", Napi::Function::New(env, MakeWriteLayer, "makeWriteLayer"));
    exports.Set("makeMountPoint", Napi::Function::New(env, MakeMountPoint, "makeMountPoint"));
    exports.Set("unmount", Napi::Function::New(env, Unmount, "unmount"));
    exports.Set("removeTrees", Napi::Function::New(env, RemoveTrees, "removeTrees"));
    exports.Set("syncFileSystem", Napi::Function::New(env, SyncFileSystem, "syncFileSystem"));
    exports.Set("unpack", Napi::Function::New(env, Unpack, "unpack"));
    exports.Set("readFileInRoot", Napi::Function::New(env, ReadFileInRoot, "readFileInRoot"));
}

} // namespace skiff
