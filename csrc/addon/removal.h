// What is left of a container, and what is told of it while it goes.
#pragma once

#include "addon.h"
#include "parts.h"

#include <optional>

extern "C" {
#include "../core/cleanup.h"
#include "../core/marks.h"
}

namespace skiff {

Napi::Value MarksToJs(Napi::Env env, const skiff_marks &marks);

class Removal {
  public:
    // Of the options of `remove`.
    explicit Removal(const Napi::Object &options);
    Removal(const Removal &) = delete;

    // It may leave the directory for another container; else that goes like all else.
    bool MayLeave() const { return !used_.empty(); }
    const std::string &Used() const { return used_; }
    void LeaveNothing() { used_.clear(); }
    // On the thread pool, once.
    bool Run(skiff_error *error);
    // What `remove` resolves with.
    Napi::Object ToJs(Napi::Env env) const;
    bool HasLeft() const { return left_; }

  private:
    std::vector<std::string> counters_, cgroups_, trees_;
    std::vector<std::optional<std::string>> counts_;
    std::string mount_point_, used_;
    Descriptor mounts_;
    bool wants_marks_;
    std::unique_ptr<bool[]> busy_;
    bool left_ = false;
    skiff_marks marks_{};
};

} // namespace skiff
