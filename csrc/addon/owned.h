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
#include <unistd.h>

namespace skiff {

class Owned {
  public:
    static void Attach(Napi::Env env) { env.SetInstanceData(new Owned()); }
    static Owned &Of(Napi::Env env) { return *env.GetInstanceData<Owned>(); }

    ~Owned()
    {
        for (size_t fd = 0; fd < is_ours_.size(); fd++)
            if (is_ours_[fd])
                close(static_cast<int>(fd));
    }

    int Adopt(int fd)
    {
        auto number = static_cast<size_t>(fd);
        if (number >= is_ours_.size())
            is_ours_.resize(number + 1);
        is_ours_[number] = true;
        return fd;
    }

    // False where it is none of ours (any more): closing it would hit somebody else's.
    bool Release(int fd)
    {
        auto number = static_cast<size_t>(fd);
        bool was_ours = fd >= 0 && number < is_ours_.size() && is_ours_[number];
        if (was_ours)
            is_ours_[number] = false;
        return was_ours;
    }

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
    std::vector<bool> is_ours_; // by descriptor
};

} // namespace skiff
