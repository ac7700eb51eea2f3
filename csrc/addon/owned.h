// What was handed to JavaScript, descriptors and what was made ahead: gone when its environment (a worker thread's too)
// ends.
#pragma once

#include "addon.h"
#include "ahead.h"
#include "names.h"
#include "reaper.h"

extern "C" {
#include "../core/signals.h"
}

#include <optional>
#include <set>
#include <unistd.h>

namespace skiff {

class Owned {
  public:
    static void Attach(Napi::Env env) { env.SetInstanceData(new Owned()); }
    static Owned &Of(Napi::Env env) { return *env.GetInstanceData<Owned>(); }

    ~Owned()
    {
        for (int fd : fds_)
            close(fd);
    }

    int Adopt(int fd)
    {
        fds_.insert(fd);
        return fd;
    }

    // False where it is none of ours (any more): closing it would hit somebody else's.
    bool Release(int fd) { return fds_.erase(fd) > 0; }

    // Looked at once: nothing of Node's makes this process ignore another signal later.
    bool IgnoresFew()
    {
        if (!ignores_few_)
            ignores_few_ = skiff_ignores_few();
        return *ignores_few_;
    }

    Aheads aheads;
    Names names;
    Reapers reapers;

  private:
    std::optional<bool> ignores_few_;
    std::set<int> fds_;
};

} // namespace skiff
