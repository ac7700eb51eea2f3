#include "parts.h"

namespace skiff {

Napi::Object ObjectOption(const Napi::Object &options, const char *name)
{
    Napi::Value value = Member(options, name);
    if (!value.IsObject())
        throw Napi::TypeError::New(options.Env(), std::string("option '") + name + "' must be an object");
    return value.As<Napi::Object>();
}

std::vector<Napi::Object> ObjectListOption(const Napi::Object &options, const char *name)
{
    Napi::Value value = Member(options, name);
    if (!value.IsArray())
        throw Napi::TypeError::New(options.Env(), std::string("option '") + name + "' must be an array");
    auto array = value.As<Napi::Array>();
    std::vector<Napi::Object> list;
    for (uint32_t i = 0; i < array.Length(); i++) {
        Napi::Value item = array.Get(i);
        if (!item.IsObject())
            throw Napi::TypeError::New(options.Env(), std::string("option '") + name + "' must hold objects");
        list.push_back(item.As<Napi::Object>());
    }
    return list;
}

skiff_id_range IdsOption(const Napi::Object &options)
{
    if (Member(options, "ids").IsUndefined())
        return {};
    Napi::Object ids = ObjectOption(options, "ids");
    auto number = [&](const char *name) {
        Napi::Value value = Member(ids, name);
        if (!value.IsNumber())
            throw Napi::TypeError::New(ids.Env(), std::string("option 'ids.") + name + "' must be a number");
        return value.As<Napi::Number>().Uint32Value();
    };
    auto number_or_none = [&](const char *name) { return Member(ids, name).IsUndefined() ? 0 : number(name); };
    return {number("uid"), number("gid"), number("count"), number_or_none("callerUid"), number_or_none("callerGid")};
}

std::vector<const char *> NamesOf(const std::vector<std::string> &texts)
{
    std::vector<const char *> names;
    names.reserve(texts.size());
    for (const auto &text : texts)
        names.push_back(text.c_str());
    return names;
}

// ---- Directory ----

Directory::Directory(const Napi::Object &options)
    : unfinished_(TextOption(options, "unfinished")), path_(TextOption(options, "path")),
      record_(TextOption(options, "record"))
{
    directory_.made = BoolOption(options, "made", false);
    directory_.prepared = BoolOption(options, "prepared", false);
}

const skiff_directory *Directory::Link(const char *left)
{
    directory_.left = left;
    directory_.unfinished = unfinished_.c_str();
    directory_.path = path_.c_str();
    directory_.record = record_.data();
    directory_.record_length = record_.size();
    return &directory_;
}

// ---- Workspace ----

static skiff_workspace_kind KindOf(const Napi::Object &options)
{
    std::string kind = TextOption(options, "kind");
    if (kind == "overlay")
        return SKIFF_WORKSPACE_OVERLAY;
    if (kind == "aufs")
        return SKIFF_WORKSPACE_AUFS;
    if (kind == "copy")
        return SKIFF_WORKSPACE_COPY;
    if (kind == "fuse")
        return SKIFF_WORKSPACE_FUSE;
    throw Napi::TypeError::New(options.Env(), "option 'kind' is unknown: " + kind);
}

static uint64_t SizeOption(const Napi::Object &options, const char *name)
{
    Napi::Value value = Member(options, name);
    if (value.IsUndefined())
        return 0;
    if (!value.IsNumber() || !(value.As<Napi::Number>().DoubleValue() > 0))
        throw Napi::TypeError::New(options.Env(), std::string("option '") + name + "' must be a number above 0");
    return static_cast<uint64_t>(value.As<Napi::Number>().Int64Value());
}

Workspace::Workspace(const Napi::Object &options)
    : layers_(TextListOption(options, "layers")), skip_(TextListOption(options, "skip")),
      write_layer_(TextOption(options, "writeLayer")), work_(TextOption(options, "work", "")),
      mount_point_(TextOption(options, "mountPoint"))
{
    workspace_.kind = KindOf(options);
    workspace_.size = SizeOption(options, "size");
    workspace_.what.is_volatile = BoolOption(options, "volatile", false);
    workspace_.what.user_xattr = BoolOption(options, "userXattr", false);
    workspace_.what.old_api = BoolOption(options, "oldApi", false);
}

const skiff_workspace *Workspace::Link()
{
    layer_names_ = NamesOf(layers_);
    skip_names_ = NamesOf(skip_);
    workspace_.what.target = mount_point_.c_str();
    workspace_.what.layers = layer_names_.data();
    workspace_.what.layer_count = layer_names_.size();
    workspace_.what.upper = write_layer_.empty() ? nullptr : write_layer_.c_str();
    workspace_.what.work = work_.empty() ? nullptr : work_.c_str();
    workspace_.skip = skip_names_.data();
    workspace_.skip_count = skip_names_.size();
    return &workspace_;
}

void Workspace::Move(const std::string &from, const std::string &to)
{
    for (std::string *path : {&write_layer_, &work_, &mount_point_})
        if (path->compare(0, from.size(), from) == 0)
            path->replace(0, from.size(), to);
}

// ---- Volumes ----

CopyUps::CopyUps(const std::vector<Napi::Object> &list)
{
    for (const auto &part : list)
        parts_.push_back({TextOption(part, "path"), TextOption(part, "volume"), TextOption(part, "temporary")});
}

const skiff_copy_up *CopyUps::Link()
{
    for (const auto &part : parts_)
        linked_.push_back({part.path.c_str(), part.volume.c_str(), part.temporary.c_str()});
    return linked_.data();
}

// ---- Cgroups ----

Cgroups::Cgroups(const std::vector<Napi::Object> &list)
{
    for (const auto &options : list) {
        Part part{TextOption(options, "path"), {}, {}, {}};
        for (const auto &setting : ObjectListOption(options, "settings"))
            part.settings.push_back({TextOption(setting, "file"), TextOption(setting, "value"),
                                     BoolOption(setting, "optional", false)});
        if (!Member(options, "deviceProgram").IsUndefined())
            part.device_program = BytesOption(options, "deviceProgram");
        parts_.push_back(std::move(part));
        skiff_cgroup cgroup{};
        cgroup.version = IntOption(options, "version");
        cgroup.optional = BoolOption(options, "optional", false);
        cgroups_.push_back(cgroup);
    }
}

skiff_cgroup *Cgroups::Link()
{
    for (size_t i = 0; i < parts_.size(); i++) {
        for (const auto &setting : parts_[i].settings)
            parts_[i].linked.push_back({setting.file.c_str(), setting.value.c_str(), setting.optional});
        cgroups_[i].path = parts_[i].path.c_str();
        cgroups_[i].settings = parts_[i].linked.data();
        cgroups_[i].setting_count = parts_[i].linked.size();
        const auto &program = parts_[i].device_program;
        cgroups_[i].device_program = program.empty() ? nullptr : program.data();
        cgroups_[i].device_program_length = program.size();
    }
    return cgroups_.data();
}

Napi::Value MadeToJs(Napi::Env env, const skiff_cgroup *cgroups, size_t count)
{
    Napi::Array made = Napi::Array::New(env, count);
    for (size_t i = 0; i < count; i++)
        made.Set(static_cast<uint32_t>(i), Napi::Boolean::New(env, cgroups[i].made));
    return made;
}

} // namespace skiff
