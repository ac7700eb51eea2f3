// Threads that wait for the ends of containers and do what follows them: the event loop is woken when all is done, and
// not once more to pass it on. Each takes whatever ends next, so one that takes long keeps no other waiting.
#pragma once

#include "addon.h"

#include <map>
#include <mutex>
#include <uv.h>

extern "C" {
#include "../core/cleanup.h"
}

namespace skiff {

class Reaper {
  public:
    class Task {
      public:
        virtual ~Task() = default;
        // On a thread of the reaper, once, when the process has ended; it is still to be waited for.
        virtual void Run() = 0;
    };

    // nullptr with `error` where there are no descriptors or threads.
    static std::shared_ptr<Reaper> Start(skiff_error *error);
    // Waits for what is being done.
    ~Reaper();
    Reaper(const Reaper &) = delete;

    // 0 with `error` where the process cannot be waited for. The task is to be there until it has run or is cancelled.
    uint64_t Add(int pidfd, Task *task, skiff_error *error);
    // False where it runs, or has run.
    bool Cancel(uint64_t id);
    // No task is begun any more; waits for those that are.
    void Stop();

  private:
    struct Waiting {
        int pidfd;
        Task *task;
    };

    Reaper() = default;
    bool Open(skiff_error *error);
    bool Watch(int fd, uint32_t events, uint64_t id);
    // With the mutex.
    int AddThread();
    void AddThreadForOthers();
    void Serve();
    Task *Claim(uint64_t id);

    std::mutex mutex_;
    std::map<uint64_t, Waiting> waiting_;
    std::vector<uv_thread_t> threads_;
    size_t busy_ = 0;
    uint64_t last_ = 0;
    int epoll_ = -1, stop_ = -1;
};

// Those of one environment, by the number that JavaScript knows them by.
class Reapers {
  public:
    int Add(std::shared_ptr<Reaper> reaper);
    std::shared_ptr<Reaper> Option(const Napi::Object &options) const;
    void Stop(int number) { all_.erase(number); }

  private:
    std::map<int, std::shared_ptr<Reaper>> all_;
    int last_ = 0;
};

} // namespace skiff
