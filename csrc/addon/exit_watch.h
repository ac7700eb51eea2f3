// Calls back when a process has ended: its pidfd in the event loop, no thread per container.
#pragma once

#include "addon.h"

namespace skiff {

class ExitWatch {
  public:
    // Takes the pidfd over. Where the environment ends first, the process is killed: nobody is left to watch it.
    // A background one does not keep the event loop alive.
    static void Start(Napi::Env env, int pidfd, bool background, Napi::Function on_exit);
};

} // namespace skiff
