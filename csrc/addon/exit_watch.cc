// Calls back when a process has ended: its pidfd in the event loop or with the reaper, no thread per container.
#include "addon.h"

#include "owned.h"
#include "parts.h"
#include "reaper.h"
#include "removal.h"

extern "C" {
#include "../core/answers.h"
}

#include <cerrno>
#include <csignal>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace skiff {

namespace {

struct Ended {
    siginfo_t info{};
    struct rusage usage {};
    double ns = 0;
};

bool Reap(int pidfd, int options, Ended *ended)
{
    long result;
    do
        result = syscall(SYS_waitid, P_PIDFD, pidfd, &ended->info, WEXITED | __WALL | options, &ended->usage);
    while (result != 0 && errno == EINTR);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    ended->ns = static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
    return result == 0 && ended->info.si_pid != 0;
}

// What follows the end of a container.
struct Last {
    std::shared_ptr<Reaper> reaper;
    uint64_t id = 0; // of the reaper
    int pipe;
    std::unique_ptr<Removal> removal;
    uint64_t ready_ns = 0;
    bool has_begun = true, is_removed = false;
    skiff_error beginning{}, failure{};

    Last(std::shared_ptr<Reaper> by, int p, std::unique_ptr<Removal> r)
        : reaper(std::move(by)), pipe(p), removal(std::move(r))
    {
    }
    ~Last() { skiff_close_fd(&pipe); }
    void Run();
};

struct Watch : Reaper::Task {
    Napi::Env env;
    int pidfd;
    Napi::FunctionReference on_exit;
    Napi::AsyncContext context;
    union {
        uv_handle_t handle;
        uv_poll_t poll;   // its end is seen by the event loop
        uv_async_t async; // the reaper tells of it
    };
    napi_async_cleanup_hook_handle hook = nullptr;
    bool closing = false, orphaned = false;
    Ended ended;
    std::unique_ptr<Last> last;

    Watch(Napi::Env e, int fd, Napi::Function callback)
        : env(e), pidfd(fd), on_exit(Napi::Persistent(callback)), context(e, "skiff:exit"), async()
    {
    }

    void Run() override
    {
        Reap(pidfd, 0, &ended);
        last->Run();
        uv_async_send(&async);
    }
};

Napi::Object StatusOf(Napi::Env env, const Ended &ended)
{
    const struct rusage &usage = ended.usage;
    double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
                 static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    bool exited = ended.info.si_code == CLD_EXITED;
    Napi::Object status = Napi::Object::New(env);
    Napi::Value number = Napi::Number::New(env, ended.info.si_status);
    SetMember(status, "code", exited ? number : Napi::Value(env.Null()));
    SetMember(status, "signal", exited ? Napi::Value(env.Null()) : number);
    SetMember(status, "cpuUs", cpu);
    SetMember(status, "endedNs", ended.ns);
    SetMember(status, "maxRssBytes", static_cast<double>(usage.ru_maxrss) * 1024);
    return status;
}

void Close(Watch *watch)
{
    if (watch->closing)
        return;
    watch->closing = true;
    uv_close(&watch->handle, [](uv_handle_t *handle) {
        auto *closed = static_cast<Watch *>(handle->data);
        skiff_close_fd(&closed->pidfd);
        napi_remove_async_cleanup_hook(closed->hook);
        delete closed;
    });
}

Napi::Value LastToJs(Napi::Env env, const Last &last)
{
    Napi::Object result = Napi::Object::New(env);
    SetMember(result, "readyNs", static_cast<double>(last.ready_ns));
    if (!last.has_begun)
        SetMember(result, "beginning", ErrorOf(env, last.beginning).Value());
    if (last.is_removed)
        SetMember(result, "removed", last.removal->ToJs(env));
    else
        SetMember(result, "failure", ErrorOf(env, last.failure).Value());
    return result;
}

void Tell(Watch *watch)
{
    Napi::Env env = watch->env;
    napi_value arguments[] = {StatusOf(env, watch->ended), watch->last ? LastToJs(env, *watch->last) : env.Undefined()};
    napi_async_context context = watch->context;
    napi_value callback = watch->on_exit.Value(), receiver = env.Global(), result;
    // A thrown error becomes an uncaughtException, as one from any other callback.
    if (napi_make_callback(env, context, receiver, callback, 2, arguments, &result) == napi_pending_exception) {
        napi_value error;
        napi_get_and_clear_last_exception(env, &error);
        napi_fatal_exception(env, error);
    }
}

// Who hears of the end finds nothing more open than before the start.
void TellAndClose(Watch *watch)
{
    skiff_close_fd(&watch->pidfd);
    watch->pidfd = -1;
    Napi::HandleScope scope(watch->env);
    try {
        Tell(watch);
    } catch (const Napi::Error &) {
        // The environment is ending: node lets the loop turn once more, but no JavaScript can run any more.
    }
    Close(watch);
}

void Last::Run()
{
    skiff_error_text(beginning.step, sizeof beginning.step, "go");
    if (pipe >= 0)
        has_begun = skiff_await_command(pipe, &ready_ns, &beginning);
    skiff_close_fd(&pipe);
    pipe = -1;
    is_removed = removal->Run(&failure);
}

void OnLastDone(uv_async_t *async)
{
    auto *watch = static_cast<Watch *>(async->data);
    if (watch->orphaned)
        Close(watch);
    else
        TellAndClose(watch);
}

void OnReadable(uv_poll_t *poll, int, int)
{
    auto *watch = static_cast<Watch *>(poll->data);
    if (!Reap(watch->pidfd, WNOHANG, &watch->ended))
        return;
    uv_poll_stop(poll);
    TellAndClose(watch);
}

void End(Watch *watch)
{
    syscall(SYS_pidfd_send_signal, watch->pidfd, SIGKILL, nullptr, 0);
    Reap(watch->pidfd, 0, &watch->ended);
    Close(watch);
}

void OnEnvironmentEnd(napi_async_cleanup_hook_handle, void *data)
{
    auto *watch = static_cast<Watch *>(data);
    if (watch->closing)
        return;
    // What the reaper has begun it does to the end, of which the loop is told yet.
    if (watch->last && !watch->last->reaper->Cancel(watch->last->id))
        watch->orphaned = true;
    else
        End(watch);
}

} // namespace

static uv_loop_t *LoopOf(Napi::Env env)
{
    uv_loop_t *loop;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok)
        throw Napi::Error::New(env, "no event loop");
    return loop;
}

// It is watched from here on: the descriptor is the watch's.
static void Begin(Watch *watch)
{
    Owned::Of(watch->env).Release(watch->pidfd);
    watch->handle.data = watch;
    napi_add_async_cleanup_hook(watch->env, OnEnvironmentEnd, watch, &watch->hook);
}

// Takes the pidfd over. Where the environment ends first, the process is killed: nobody is left to watch it. A background
// one does not keep the event loop alive.
static void Start(Napi::Env env, int pidfd, bool background, Napi::Function on_exit)
{
    auto watch = std::make_unique<Watch>(env, pidfd, on_exit);
    int status = uv_poll_init(LoopOf(env), &watch->poll, pidfd);
    if (status != 0) {
        skiff_error error{};
        skiff_fail_with(&error, -status, "epoll_ctl", nullptr);
        throw ErrorOf(env, error);
    }
    Begin(watch.get());
    uv_poll_start(&watch->poll, UV_READABLE, OnReadable);
    if (background)
        uv_unref(&watch->handle);
    watch.release();
}

// The same of a container's init, with what follows its end: what became of its command is read from its pipe, and what is
// left of it removed by the reaper, before anybody is called back. Takes the pipe over; -1: there is nothing to read.
static void StartLast(Napi::Env env, int pidfd, int pipe, std::shared_ptr<Reaper> reaper,
                      std::unique_ptr<Removal> removal, Napi::Function on_exit)
{
    auto watch = std::make_unique<Watch>(env, pidfd, on_exit);
    Owned::Of(env).Release(pipe);
    watch->last = std::make_unique<Last>(std::move(reaper), pipe, std::move(removal));
    Last &last = *watch->last;
    uv_async_init(LoopOf(env), &watch->async, OnLastDone);
    Begin(watch.get());
    skiff_error error{};
    last.id = last.reaper->Add(pidfd, watch.get(), &error);
    if (last.id == 0)
        End(watch.get());
    watch.release();
    if (error.errnum != 0)
        throw ErrorOf(env, error);
}

static void WatchExit(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    Napi::Object options = OptionsOf(info, "watchExit");
    if (info.Length() < 2 || !info[1].IsFunction())
        throw Napi::TypeError::New(env, "watchExit takes a function as its second argument");
    int pidfd = IntOption(options, "pidfd");
    auto on_exit = info[1].As<Napi::Function>();
    if (Member(options, "last").IsUndefined())
        return Start(env, pidfd, BoolOption(options, "background", false), on_exit);
    Napi::Object last = ObjectOption(options, "last");
    StartLast(env, pidfd, IntOption(last, "pipe"), Owned::Of(env).reapers.Option(last),
              std::make_unique<Removal>(last), on_exit);
}

void RegisterExitWatch(Napi::Env env, Napi::Object exports)
{
    exports.Set("watchExit", Napi::Function::New(env, WatchExit, "watchExit"));
}

} // namespace skiff
