#include "exit_watch.h"

#include "owned.h"

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

// What follows the end of a container, on the thread pool.
struct Last {
    int pipe;
    std::unique_ptr<Removal> removal;
    Ended ended;
    uv_work_t work{};
    uint64_t ready_ns = 0;
    bool has_begun = true, is_removed = false;
    skiff_error beginning{}, failure{};

    Last(int p, std::unique_ptr<Removal> r) : pipe(p), removal(std::move(r)) {}
    ~Last() { skiff_close_fd(&pipe); }
};

struct Watch {
    Napi::Env env;
    int pidfd;
    Napi::FunctionReference on_exit;
    Napi::AsyncContext context;
    uv_poll_t poll{};
    napi_async_cleanup_hook_handle hook = nullptr;
    bool closing = false, working = false, orphaned = false;
    std::unique_ptr<Last> last;

    Watch(Napi::Env e, int fd, Napi::Function callback)
        : env(e), pidfd(fd), on_exit(Napi::Persistent(callback)), context(e, "skiff:exit")
    {
    }
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
    uv_close(reinterpret_cast<uv_handle_t *>(&watch->poll), [](uv_handle_t *handle) {
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

void Tell(Watch *watch, const Ended &ended)
{
    Napi::Env env = watch->env;
    napi_value arguments[] = {StatusOf(env, ended), watch->last ? LastToJs(env, *watch->last) : env.Undefined()};
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
void TellAndClose(Watch *watch, const Ended &ended)
{
    skiff_close_fd(&watch->pidfd);
    watch->pidfd = -1;
    Napi::HandleScope scope(watch->env);
    try {
        Tell(watch, ended);
    } catch (const Napi::Error &) {
        // The environment is ending: node lets the loop turn once more, but no JavaScript can run any more.
    }
    Close(watch);
}

void RunLast(uv_work_t *work)
{
    Last &last = *static_cast<Watch *>(work->data)->last;
    skiff_error_text(last.beginning.step, sizeof last.beginning.step, "go");
    if (last.pipe >= 0)
        last.has_begun = skiff_await_command(last.pipe, &last.ready_ns, &last.beginning);
    skiff_close_fd(&last.pipe);
    last.pipe = -1;
    last.is_removed = last.removal->Run(&last.failure);
}

void AfterLast(uv_work_t *work, int)
{
    auto *watch = static_cast<Watch *>(work->data);
    const Removal &removal = *watch->last->removal;
    watch->working = false;
    if (removal.MayLeave() && !removal.HasLeft() && !watch->orphaned)
        Owned::Of(watch->env).aheads.ExpectNone(removal.Used());
    if (watch->orphaned)
        Close(watch);
    else
        TellAndClose(watch, watch->last->ended);
}

void OnReadable(uv_poll_t *poll, int, int)
{
    auto *watch = static_cast<Watch *>(poll->data);
    Ended ended;
    if (!Reap(watch->pidfd, WNOHANG, &ended))
        return;
    uv_poll_stop(poll);
    if (!watch->last)
        return TellAndClose(watch, ended);
    watch->last->ended = ended;
    Removal &removal = *watch->last->removal;
    if (removal.MayLeave() && !Owned::Of(watch->env).aheads.Expect(removal.Used()))
        removal.LeaveNothing();
    watch->last->work.data = watch;
    watch->working = true;
    uv_queue_work(poll->loop, &watch->last->work, RunLast, AfterLast);
}

void OnEnvironmentEnd(napi_async_cleanup_hook_handle, void *data)
{
    auto *watch = static_cast<Watch *>(data);
    if (watch->closing)
        return;
    if (watch->working) {
        watch->orphaned = true;
        return;
    }
    Ended ended;
    syscall(SYS_pidfd_send_signal, watch->pidfd, SIGKILL, nullptr, 0);
    Reap(watch->pidfd, 0, &ended);
    Close(watch);
}

} // namespace

static void StartWatch(Napi::Env env, int pidfd, bool background, Napi::Function on_exit, std::unique_ptr<Last> last)
{
    uv_loop_t *loop;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok)
        throw Napi::Error::New(env, "no event loop");
    auto *watch = new Watch(env, pidfd, on_exit);
    int status = uv_poll_init(loop, &watch->poll, pidfd);
    if (status != 0) {
        delete watch;
        skiff_error error{};
        skiff_fail_with(&error, -status, "epoll_ctl", nullptr);
        throw ErrorOf(env, error);
    }
    Owned::Of(env).Release(pidfd);
    watch->last = std::move(last);
    watch->poll.data = watch;
    napi_add_async_cleanup_hook(env, OnEnvironmentEnd, watch, &watch->hook);
    uv_poll_start(&watch->poll, UV_READABLE, OnReadable);
    if (background)
        uv_unref(reinterpret_cast<uv_handle_t *>(&watch->poll));
}

void ExitWatch::Start(Napi::Env env, int pidfd, bool background, Napi::Function on_exit)
{
    StartWatch(env, pidfd, background, on_exit, nullptr);
}

void ExitWatch::StartLast(Napi::Env env, int pidfd, int pipe, std::unique_ptr<Removal> removal, Napi::Function on_exit)
{
    Owned::Of(env).Release(pipe);
    StartWatch(env, pidfd, false, on_exit, std::make_unique<Last>(pipe, std::move(removal)));
}

} // namespace skiff
