// What a start is made of, read from JavaScript, each with the memory that its pointers lead to. None is moved or copied
// once Link() was called.
#pragma once

#include "addon.h"

extern "C" {
#include "../core/cgroup.h"
#include "../core/cleanup.h"
#include "../core/copyup.h"
#include "../core/directory.h"
#include "../core/idmap.h"
#include "../core/workspace.h"
}

namespace skiff {

// A member that is an object; throws a TypeError that names it otherwise.
Napi::Object ObjectOption(const Napi::Object &options, const char *name);
std::vector<Napi::Object> ObjectListOption(const Napi::Object &options, const char *name);

// The member `ids`; a count of 0 where there is none.
skiff_id_range IdsOption(const Napi::Object &options);

// A descriptor; closed where the environment that wanted it is gone.
struct Descriptor {
    int fd = -1;
    ~Descriptor() { Close(); }
    void Close()
    {
        skiff_close_fd(&fd);
        fd = -1;
    }
};

// Pointers into the texts, which must outlive them.
std::vector<const char *> NamesOf(const std::vector<std::string> &texts);

class Directory {
  public:
    explicit Directory(const Napi::Object &options);
    // `left`: where another container has left one that it is made of; nullptr: it is made anew.
    const skiff_directory *Link(const char *left = nullptr);

  private:
    std::string unfinished_, path_, record_;
    skiff_directory directory_{};
};

class Workspace {
  public:
    explicit Workspace(const Napi::Object &options);
    const skiff_workspace *Link();
    // The directory that all of it is in has another name from here on.
    void Move(const std::string &from, const std::string &to);

  private:
    std::vector<std::string> layers_, skip_;
    std::string write_layer_, work_, mount_point_;
    std::vector<const char *> layer_names_, skip_names_;
    skiff_workspace workspace_{};
};

// Volumes that what the image has at their places is copied into.
class CopyUps {
  public:
    explicit CopyUps(const std::vector<Napi::Object> &list);
    const skiff_copy_up *Link();
    size_t Count() const { return parts_.size(); }

  private:
    struct Part {
        std::string path, volume, temporary;
    };
    std::vector<Part> parts_;
    std::vector<skiff_copy_up> linked_;
};

// Which of the directories were made.
Napi::Value MadeToJs(Napi::Env env, const skiff_cgroup *cgroups, size_t count);

class Cgroups {
  public:
    explicit Cgroups(const std::vector<Napi::Object> &list);
    skiff_cgroup *Link();
    size_t Count() const { return cgroups_.size(); }

  private:
    struct Setting {
        std::string file, value;
        bool optional;
    };
    struct Part {
        std::string path;
        std::vector<Setting> settings;
        std::vector<skiff_cgroup_setting> linked;
        std::vector<uint8_t> device_program;
    };
    std::vector<Part> parts_;
    std::vector<skiff_cgroup> cgroups_;
};

} // namespace skiff
