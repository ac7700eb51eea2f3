// What the addon's files share: reading options with told types, errors with `code`, work on the thread pool.
#pragma once

#define NAPI_VERSION 8
#include <napi.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include "../core/error.h"
}

namespace skiff {

void RegisterAhead(Napi::Env env, Napi::Object exports);
void RegisterCompanion(Napi::Env env, Napi::Object exports);
void RegisterExec(Napi::Env env, Napi::Object exports);
void RegisterExitWatch(Napi::Env env, Napi::Object exports);
void RegisterEngine(Napi::Env env, Napi::Object exports);
void RegisterFiles(Napi::Env env, Napi::Object exports);
void RegisterProcess(Napi::Env env, Napi::Object exports);
void RegisterReaper(Napi::Env env, Napi::Object exports);
void RegisterRemoval(Napi::Env env, Napi::Object exports);
void RegisterStart(Napi::Env env, Napi::Object exports);
void RegisterTerminal(Napi::Env env, Napi::Object exports);
void RegisterMonitor(Napi::Env env, Napi::Object exports);
void RegisterWorkspace(Napi::Env env, Napi::Object exports);
void RegisterTrees(Napi::Env env, Napi::Object exports);
void RegisterViews(Napi::Env env, Napi::Object exports);

// The first argument as an object; throws a TypeError that names the function.
Napi::Object OptionsOf(const Napi::CallbackInfo &info, const char *function);

// One member of an object, by a name that is a literal.
Napi::Value Member(const Napi::Object &object, const char *name);
void SetMember(Napi::Object &object, const char *name, Napi::Value value);
void SetMember(Napi::Object &object, const char *name, double value);

// One member of an options object, of the wanted type; a TypeError names the member otherwise.
int IntOption(const Napi::Object &options, const char *name);
int IntOption(const Napi::Object &options, const char *name, int fallback);
bool BoolOption(const Napi::Object &options, const char *name, bool fallback);
// Text may come as a string or, for names that are not UTF-8, as a Buffer. NUL inside is refused.
std::string TextOption(const Napi::Object &options, const char *name);
std::string TextOption(const Napi::Object &options, const char *name, const char *fallback);
std::vector<std::string> TextListOption(const Napi::Object &options, const char *name);
std::vector<int> IntListOption(const Napi::Object &options, const char *name);
std::vector<uint8_t> BytesOption(const Napi::Object &options, const char *name);
// The same with a text written into it at certain places: lib/spec/stamped.ts.
std::vector<uint8_t> StampedOption(const Napi::Object &options, const char *name);

// A JavaScript Error with `code` (the errno's name), `errno`, `syscall`, `path` and `step`.
Napi::Error ErrorOf(Napi::Env env, const skiff_error &error);
// The same of a call that has just failed, by errno.
Napi::Error FailedCall(Napi::Env env, const char *syscall, const char *path = nullptr);

// Runs `work` on a thread of libuv's pool; resolves with what `done` makes of its result on the main thread, or
// rejects with ErrorOf when `work` returns false.
template <class Result> class Job : public Napi::AsyncWorker {
  public:
    using Work = std::function<bool(Result &, skiff_error *)>;
    using Done = std::function<Napi::Value(Napi::Env, Result &)>;

    static Napi::Value Start(Napi::Env env, Work work, Done done)
    {
        auto *job = new Job(env, std::move(work), std::move(done));
        Napi::Promise promise = job->deferred_.Promise();
        job->Queue();
        return promise;
    }

  private:
    Job(Napi::Env env, Work work, Done done)
        : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), work_(std::move(work)),
          done_(std::move(done))
    {
    }

    void Execute() override { ok_ = work_(result_, &error_); }

    void OnOK() override
    {
        if (ok_)
            deferred_.Resolve(done_(Env(), result_));
        else
            deferred_.Reject(ErrorOf(Env(), error_).Value());
    }

    Napi::Promise::Deferred deferred_;
    Work work_;
    Done done_;
    Result result_{};
    skiff_error error_{};
    bool ok_ = false;
};

// A job without a result.
struct Nothing {};
inline Napi::Value StartJob(Napi::Env env, std::function<bool(skiff_error *)> work)
{
    return Job<Nothing>::Start(
        env, [work = std::move(work)](Nothing &, skiff_error *error) { return work(error); },
        [](Napi::Env e, Nothing &) -> Napi::Value { return e.Undefined(); });
}

} // namespace skiff
