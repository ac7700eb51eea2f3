// What is made of a container before it is asked for; whatever of it no start took goes with its environment.
#pragma once

#include "parts.h"

#include <map>
#include <mutex>
#include <optional>

extern "C" {
#include "../core/ahead.h"
}

namespace skiff {

class Ahead {
  public:
    // A directory that was another container's, and nothing else.
    explicit Ahead(std::string used);
    // Of the options of `prepare`.
    explicit Ahead(const Napi::Object &options);
    ~Ahead();
    Ahead(const Ahead &) = delete;

    // Of the thread pool.
    bool Prepare(const std::shared_ptr<Ahead> &used, skiff_error *error);
    // It is the caller's to remove now.
    skiff_ahead *Take();
    // Its workspace where the directory has this path.
    const skiff_workspace *Move(const std::string &path);
    // False where something is left.
    bool Discard();
    bool IsLeft() const { return !workspace_; }
    const std::string &Directory() const { return directory_; }

  private:
    std::string directory_;
    std::optional<Workspace> workspace_;
    std::optional<Cgroups> cgroups_;
    Descriptor user_;
    bool mounts_ = false, taken_ = false;
    skiff_ahead ahead_{};
};

// For the directories that containers leave to others, by the root that they are of. Of any thread.
class Room {
  public:
    // Whether a container that ends shall leave its directory at this path: a few are enough among those of a root.
    bool Take(const std::string &path);
    // It was used or removed, or there is none after all.
    void GiveBack(const std::string &path);

  private:
    std::mutex mutex_;
    std::map<std::string, int> taken_;
};

// Those of one environment, by the number that JavaScript knows them by.
class Aheads {
  public:
    int Add(std::shared_ptr<Ahead> ahead);
    // Undefined in the option: none.
    std::shared_ptr<Ahead> Option(const Napi::Object &options, const char *name);
    const std::shared_ptr<Room> &RoomToLeave() const { return room_; }

  private:
    std::map<int, std::shared_ptr<Ahead>> all_;
    std::shared_ptr<Room> room_ = std::make_shared<Room>();
    int last_ = 0;
};

} // namespace skiff
