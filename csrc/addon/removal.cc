#include "removal.h"

#include "owned.h"
#include "parts.h"

extern "C" {
#include "../core/removal.h"
}

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace skiff {

Napi::Value MarksToJs(Napi::Env env, const skiff_marks &marks)
{
    Napi::Array list = Napi::Array::New(env, static_cast<size_t>(marks.count));
    for (int i = 0; i < marks.count; i++) {
        Napi::Object mark = Napi::Object::New(env);
        SetMember(mark, "step", Napi::String::New(env, marks.at[i].step));
        SetMember(mark, "ns", static_cast<double>(marks.at[i].ns));
        list.Set(static_cast<uint32_t>(i), mark);
    }
    return list;
}

// A file of a cgroup, whole; nothing where there is none (any more).
static std::optional<std::string> Read(const std::string &path)
{
    char piece[4096];
    std::string text;
    cleanup_fd int fd = open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return std::nullopt;
    for (;;) {
        ssize_t got = skiff_retry(read(fd, piece, sizeof piece));
        if (got < 0)
            return std::nullopt;
        text.append(piece, static_cast<size_t>(got));
        // The kernel gives as many lines as fit: where half of it stays empty there are no more.
        if (static_cast<size_t>(got) < sizeof piece / 2)
            return text;
    }
}

Removal::Removal(const Napi::Object &options)
    : cgroups_(TextListOption(options, "cgroups")), trees_(TextListOption(options, "trees")),
      mount_point_(TextOption(options, "mountPoint")), used_(TextOption(options, "used", "")),
      room_(Owned::Of(options.Env()).aheads.RoomToLeave()), wants_marks_(BoolOption(options, "marks", false))
{
    if (!Member(options, "counters").IsUndefined())
        counters_ = TextListOption(options, "counters");
    int fd = IntOption(options, "namespace", -1);
    mounts_.fd = fd >= 0 && Owned::Of(options.Env()).Release(fd) ? fd : -1;
}

bool Removal::Run(skiff_error *error)
{
    for (const auto &file : counters_)
        counts_.push_back(Read(file));
    bool may_leave = !used_.empty() && room_->Take(used_);
    std::vector<const char *> cgroup_names = NamesOf(cgroups_), tree_names = NamesOf(trees_);
    busy_ = std::make_unique<bool[]>(cgroups_.size());
    skiff_removal removal{};
    removal.cgroups = cgroup_names.data();
    removal.cgroup_count = cgroup_names.size();
    removal.mount_point = mount_point_.c_str();
    removal.trees = tree_names.data();
    removal.tree_count = tree_names.size();
    removal.mounts = skiff_steal_fd(&mounts_.fd);
    removal.used = may_leave ? used_.c_str() : nullptr;
    bool done = skiff_remove_container(&removal, busy_.get(), &left_, &marks_, error);
    if (may_leave && !left_)
        room_->GiveBack(used_);
    return done;
}

Napi::Object Removal::ToJs(Napi::Env env) const
{
    Napi::Object result = Napi::Object::New(env);
    Napi::Array busy = Napi::Array::New(env), counts = Napi::Array::New(env, counts_.size());
    for (size_t i = 0; i < cgroups_.size(); i++)
        if (busy_[i])
            busy.Set(busy.Length(), Napi::String::New(env, cgroups_[i]));
    for (size_t i = 0; i < counts_.size(); i++)
        counts.Set(static_cast<uint32_t>(i), counts_[i] ? Napi::String::New(env, *counts_[i]) : env.Null());
    SetMember(result, "busy", busy);
    SetMember(result, "counts", counts);
    if (left_)
        SetMember(result, "left", Owned::Of(env).aheads.Add(std::make_shared<Ahead>(used_)));
    if (wants_marks_)
        SetMember(result, "marks", MarksToJs(env, marks_));
    return result;
}

static Napi::Value Remove(const Napi::CallbackInfo &info)
{
    auto removal = std::make_shared<Removal>(OptionsOf(info, "remove"));
    return Job<Nothing>::Start(
        info.Env(), [removal](Nothing &, skiff_error *error) { return removal->Run(error); },
        [removal](Napi::Env env, Nothing &) -> Napi::Value { return removal->ToJs(env); });
}

void RegisterRemoval(Napi::Env env, Napi::Object exports)
{
    exports.Set("remove", Napi::Function::New(env, Remove, "remove"));
}

} // namespace skiff
