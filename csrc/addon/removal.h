// What is left of a container, and what is told of it while it goes.
#pragma once

#include "ahead.h"

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

    // On any thread, once.
    bool Run(skiff_error *error);
    // What `remove` resolves with.
    Napi::Object ToJs(Napi::Env env) const;

  private:
    std::vector<std::string> counters_, cgroups_, trees_;
    std::vector<std::optional<std::string>> counts_;
    std::string mount_point_;
    std::string used_; // where its directory may be left for another container; empty: it goes like all else
    std::shared_ptr<Room> room_;
    Descriptor mounts_;
    bool wants_marks_;
    std::unique_ptr<bool[]> busy_;
    bool left_ = false;
    skiff_marks marks_{};
};

} // namespace skiff
