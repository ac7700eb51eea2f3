#include "exit_watch.h"

#include "owned.h"

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

struct Watch {
    Napi::Env env;
    int pidfd;
    Napi::FunctionReference on_exit;
    Napi::AsyncContext context;
    uv_poll_t poll{};
    napi_async_cleanup_hook_handle hook = nullptr;
    bool closing = false;

    Watch(Napi::Env e, int fd, Napi::Function callback)
        : env(e), pidfd(fd), on_exit(Napi::Persistent(callback)), context(e, "skiff:exit")
    {
    }
};

struct Ended {
    siginfo_t info{};
    struct rusage usage {};
};

bool Reap(int pidfd, int options, Ended *ended)
{
    long result;
    do
        result = syscall(SYS_waitid, P_PIDFD, pidfd, &ended->info, WEXITED | __WALL | options, &ended->usage);
    while (result != 0 && errno == EINTR);
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
    status.Set("code", exited ? number : env.Null());
    status.Set("signal", exited ? env.Null() : number);
    status.Set("cpuUs", cpu);
    status.Set("maxRssBytes", static_cast<double>(usage.ru_maxrss) * 1024);
    return status;
}

void Close(Watch *watch)
{
    if (watch->closing)
        return;
    watch->closing = true;
    uv_close(reinterpret_cast<uv_handle_t *>(&watch->poll), [](uv_handle_t *handle) {
        auto *closed = static_cast<Watch *>(handle->data);
        close(closed->pidfd);
        napi_remove_async_cleanup_hook(closed->hook);
        delete closed;
    });
}

void Tell(Watch *watch, const Ended &ended)
{
    Napi::Env env = watch->env;
    Napi::Object status = StatusOf(env, ended);
    napi_async_context context = watch->context;
    napi_value callback = watch->on_exit.Value(), receiver = env.Global(), argument = status, result;
    // A thrown error becomes an uncaughtException, as one from any other callback.
    if (napi_make_callback(env, context, receiver, callback, 1, &argument, &result) == napi_pending_exception) {
        napi_value error;
        napi_get_and_clear_last_exception(env, &error);
        napi_fatal_exception(env, error);
    }
}

void OnReadable(uv_poll_t *poll, int, int)
{
    auto *watch = static_cast<Watch *>(poll->data);
    Ended ended;
    if (!Reap(watch->pidfd, WNOHANG, &ended))
        return;
    uv_poll_stop(poll);
    Napi::HandleScope scope(watch->env);
    try {
        Tell(watch, ended);
    } catch (const Napi::Error &) {
        // The environment is ending: node lets the loop turn once more, but no JavaScript can run any more.
    }
    Close(watch);
}

void OnEnvironmentEnd(napi_async_cleanup_hook_handle, void *data)
{
    auto *watch = static_cast<Watch *>(data);
    if (watch->closing)
        return;
    Ended ended;
    syscall(SYS_pidfd_send_signal, watch->pidfd, SIGKILL, nullptr, 0);
    Reap(watch->pidfd, 0, &ended);
    Close(watch);
}

} // namespace

void ExitWatch::Start(Napi::Env env, int pidfd, bool background, Napi::Function on_exit)
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
    watch->poll.data = watch;
    napi_add_async_cleanup_hook(env, OnEnvironmentEnd, watch, &watch->hook);
    uv_poll_start(&watch->poll, UV_READABLE, OnReadable);
    if (background)
        uv_unref(reinterpret_cast<uv_handle_t *>(&watch->poll));
}

} // namespace skiff
