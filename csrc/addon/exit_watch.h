// Calls back when a process has ended: its pidfd in the event loop or with the reaper, no thread per container.
#pragma once

#include "addon.h"
#include "reaper.h"
#include "removal.h"

namespace skiff {

class ExitWatch {
  public:
    // Takes the pidfd over. Where the environment ends first, the process is killed: nobody is left to watch it.
    // A background one does not keep the event loop alive.
    static void Start(Napi::Env env, int pidfd, bool background, Napi::Function on_exit);

    // The same of a container's init, with what follows its end: what became of its command is read from its pipe, and
    // what is left of it removed by the reaper, before anybody is called back. Takes the pipe over; -1: there is nothing
    // to read.
    static void StartLast(Napi::Env env, int pidfd, int pipe, std::shared_ptr<Reaper> reaper,
                          std::unique_ptr<Removal> removal, Napi::Function on_exit);
};

} // namespace skiff
