#include "ahead.h"

#include "at_exit.h"
#include "owned.h"

#include <fcntl.h>

namespace skiff {

// All that no start took.
static AtExit<Ahead, &Ahead::Discard> untaken;

Ahead::Ahead(std::string used) : directory_(std::move(used))
{
    untaken.Add(this);
    ahead_.directory = directory_.c_str();
    ahead_.mount = -1;
}

Ahead::Ahead(const Napi::Object &options)
    : directory_(TextOption(options, "directory")), workspace_(std::in_place, ObjectOption(options, "workspace")),
      cgroups_(std::in_place, ObjectListOption(options, "cgroups")), mounts_(BoolOption(options, "mount", false))
{
    ahead_.directory = directory_.c_str();
    ahead_.workspace = workspace_->Link();
    ahead_.cgroups = cgroups_->Link();
    ahead_.cgroup_count = cgroups_->Count();
    ahead_.mount = -1;
    ahead_.ids = IdsOption(options);
    ahead_.user_namespace = -1;
    // Its owner may be gone while the job is on, and the number another's then.
    int user = IntOption(options, "userNamespace", -1);
    if (user >= 0)
        ahead_.user_namespace = user_.fd = fcntl(user, F_DUPFD_CLOEXEC, 0);
    untaken.Add(this);
}

Ahead::~Ahead()
{
    untaken.Remove(this);
    Discard();
}

bool Ahead::Prepare(const std::shared_ptr<Ahead> &used, skiff_error *error)
{
    bool done = skiff_prepare(&ahead_, used ? used->Take()->directory : nullptr, mounts_, error);
    user_.Close();
    if (!done)
        Discard();
    return done;
}

skiff_ahead *Ahead::Take()
{
    taken_ = true;
    return &ahead_;
}

const skiff_workspace *Ahead::Move(const std::string &path)
{
    workspace_->Move(directory_, path);
    return workspace_->Link();
}

bool Ahead::Discard()
{
    bool gone = true;
    if (taken_)
        skiff_close_ahead(&ahead_);
    else
        gone = skiff_discard(&ahead_);
    taken_ = true;
    return gone;
}

static const int ROOM = 4;

static std::string ParentOf(const std::string &path) { return path.substr(0, path.rfind('/')); }

bool Room::Take(const std::string &path)
{
    std::lock_guard<std::mutex> guard(mutex_);
    int &taken = taken_[ParentOf(path)];
    if (taken == ROOM)
        return false;
    taken++;
    return true;
}

void Room::GiveBack(const std::string &path)
{
    std::lock_guard<std::mutex> guard(mutex_);
    taken_[ParentOf(path)]--;
}

int Aheads::Add(std::shared_ptr<Ahead> ahead)
{
    all_[++last_] = std::move(ahead);
    return last_;
}

std::shared_ptr<Ahead> Aheads::Option(const Napi::Object &options, const char *name)
{
    if (Member(options, name).IsUndefined())
        return nullptr;
    auto found = all_.find(IntOption(options, name));
    if (found == all_.end())
        throw Napi::TypeError::New(options.Env(), std::string("option '") + name + "' is none that is there");
    std::shared_ptr<Ahead> ahead = found->second;
    all_.erase(found);
    if (ahead->IsLeft())
        room_->GiveBack(ahead->Directory());
    return ahead;
}

static Napi::Value Prepare(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "prepare");
    auto ahead = std::make_shared<Ahead>(options);
    std::shared_ptr<Ahead> used = Owned::Of(info.Env()).aheads.Option(options, "used");
    return Job<Nothing>::Start(
        info.Env(), [ahead, used](Nothing &, skiff_error *error) { return ahead->Prepare(used, error); },
        [ahead](Napi::Env env, Nothing &) -> Napi::Value {
            return Napi::Number::New(env, Owned::Of(env).aheads.Add(ahead));
        });
}

static Napi::Value Discard(const Napi::CallbackInfo &info)
{
    std::shared_ptr<Ahead> ahead = Owned::Of(info.Env()).aheads.Option(OptionsOf(info, "discard"), "ahead");
    return Job<bool>::Start(
        info.Env(),
        [ahead](bool &gone, skiff_error *) {
            gone = !ahead || ahead->Discard();
            return true;
        },
        [](Napi::Env env, bool &gone) -> Napi::Value { return Napi::Boolean::New(env, gone); });
}

void RegisterAhead(Napi::Env env, Napi::Object exports)
{
    exports.Set("prepare", Napi::Function::New(env, Prepare, "prepare"));
    exports.Set("discard", Napi::Function::New(env, Discard, "discard"));
}

} // namespace skiff
