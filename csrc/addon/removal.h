// What is left of a container, and what is told of it while it goes.
#pragma once

#include "addon.h"

#include <optional>

extern "C" {
#include "../core/cleanup.h"
#include "../core/marks.h"
}

namespace skiff {

// A namespace's descriptor; closed where the environment that wanted it is gone.
struct Namespace {
    int fd = -1;
    ~Namespace() { skiff_close_fd(&fd); }
};

Napi::Value MarksToJs(Napi::Env env, const skiff_marks &marks);

class Removal {
  public:
    // Of the options of `remove`.
    explicit Removal(const Napi::Object &options);
    Removal(const Removal &) = delete;

    // It may leave the directory for another container; else that goes like all else.
    bool MayLeave() const { return !used_.empty(); }
    void LeaveNothing() { used_.clear(); }
    // On the thread pool, once.
    bool Run(skiff_error *error);
    // What `remove` resolves with.
    Napi::Object ToJs(Napi::Env env) const;
    bool HasLeft() const { return left_; }

  private:
    // One number that the kernel counts: that of the file, or of its line that begins with the key.
    struct Counter {
        std::string file, key;
        std::optional<double> count;
    };
    std::vector<Counter> counters_;
    std::vector<std::string> cgroups_, trees_;
    std::string mount_point_, used_;
    Namespace mounts_;
    bool wants_marks_;
    std::unique_ptr<bool[]> busy_;
    bool left_ = false;
    skiff_marks marks_{};
};

} // namespace skiff
