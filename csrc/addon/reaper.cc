#include "reaper.h"

#include "at_exit.h"
#include "owned.h"

#include <cerrno>
#include <csignal>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace skiff {

// As many as threads of libuv's pool, which would do it else.
static const size_t MOST_THREADS = 4;

static const uint64_t STOP = 0; // no task's number

// What a thread has begun to remove is removed whole.
static AtExit<Reaper, &Reaper::Stop> running;

std::shared_ptr<Reaper> Reaper::Start(skiff_error *error)
{
    std::shared_ptr<Reaper> reaper(new Reaper());
    if (!reaper->Open(error))
        return nullptr;
    running.Add(reaper.get());
    return reaper;
}

bool Reaper::Open(skiff_error *error)
{
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0)
        return skiff_fail(error, "epoll_create1", nullptr);
    stop_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_ < 0)
        return skiff_fail(error, "eventfd", nullptr);
    // Not one-shot: it is for all threads.
    if (!Watch(stop_, EPOLLIN, STOP))
        return skiff_fail(error, "epoll_ctl", nullptr);
    std::lock_guard<std::mutex> guard(mutex_);
    int status = AddThread();
    return status == 0 || skiff_fail_with(error, -status, "pthread_create", nullptr);
}

Reaper::~Reaper()
{
    running.Remove(this);
    Stop();
    skiff_close_fd(&stop_);
    skiff_close_fd(&epoll_);
}

void Reaper::Stop()
{
    uint64_t one = 1;
    std::vector<uv_thread_t> threads;
    {
        std::lock_guard<std::mutex> guard(mutex_);
        waiting_.clear();
        threads.swap(threads_);
    }
    if (stop_ >= 0)
        (void)!write(stop_, &one, sizeof one);
    for (uv_thread_t &thread : threads)
        uv_thread_join(&thread);
}

bool Reaper::Watch(int fd, uint32_t events, uint64_t id)
{
    struct epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

uint64_t Reaper::Add(int pidfd, Task *task, skiff_error *error)
{
    std::lock_guard<std::mutex> guard(mutex_);
    uint64_t id = ++last_;
    if (!Watch(pidfd, EPOLLIN | EPOLLONESHOT, id)) {
        skiff_fail(error, "epoll_ctl", nullptr);
        return 0;
    }
    waiting_[id] = {pidfd, task};
    AddThreadForOthers();
    return id;
}

bool Reaper::Cancel(uint64_t id) { return Claim(id) != nullptr; }

// A thread may have been told of it before it was cancelled: the number leads nowhere then.
Reaper::Task *Reaper::Claim(uint64_t id)
{
    std::lock_guard<std::mutex> guard(mutex_);
    auto found = waiting_.find(id);
    if (found == waiting_.end())
        return nullptr;
    // Closing it does not end this: whoever guards the process has the same file open.
    epoll_ctl(epoll_, EPOLL_CTL_DEL, found->second.pidfd, nullptr);
    Task *task = found->second.task;
    waiting_.erase(found);
    return task;
}

int Reaper::AddThread()
{
    sigset_t all, before;
    sigfillset(&all);
    threads_.emplace_back();
    // No signal of the program's is handled on it.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = uv_thread_create(
        &threads_.back(), [](void *self) { static_cast<Reaper *>(self)->Serve(); }, this);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (status != 0)
        threads_.pop_back();
    return status;
}

// Where there can be no more threads, those that are there do it one after the other.
void Reaper::AddThreadForOthers()
{
    if (!threads_.empty() && busy_ >= threads_.size() && !waiting_.empty() && threads_.size() < MOST_THREADS)
        AddThread();
}

void Reaper::Serve()
{
    for (;;) {
        struct epoll_event event;
        int count = epoll_wait(epoll_, &event, 1, -1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 || event.data.u64 == STOP)
            return;
        Task *task = Claim(event.data.u64);
        if (!task)
            continue;
        {
            std::lock_guard<std::mutex> guard(mutex_);
            busy_++;
            AddThreadForOthers();
        }
        task->Run();
        std::lock_guard<std::mutex> guard(mutex_);
        busy_--;
    }
}

int Reapers::Add(std::shared_ptr<Reaper> reaper)
{
    all_[++last_] = std::move(reaper);
    return last_;
}

std::shared_ptr<Reaper> Reapers::Option(const Napi::Object &options) const
{
    auto found = all_.find(IntOption(options, "reaper"));
    if (found == all_.end())
        throw Napi::TypeError::New(options.Env(), "option 'reaper' is none that is there");
    return found->second;
}

static Napi::Value StartReaper(const Napi::CallbackInfo &info)
{
    skiff_error error{};
    std::shared_ptr<Reaper> reaper = Reaper::Start(&error);
    if (!reaper)
        throw ErrorOf(info.Env(), error);
    return Napi::Number::New(info.Env(), Owned::Of(info.Env()).reapers.Add(std::move(reaper)));
}

static void StopReaper(const Napi::CallbackInfo &info)
{
    Owned::Of(info.Env()).reapers.Stop(IntOption(OptionsOf(info, "stopReaper"), "reaper"));
}

void RegisterReaper(Napi::Env env, Napi::Object exports)
{
    exports.Set("startReaper", Napi::Function::New(env, StartReaper, "startReaper"));
    exports.Set("stopReaper", Napi::Function::New(env, StopReaper, "stopReaper"));
}

} // namespace skiff
