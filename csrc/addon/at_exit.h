// What there is to be done at the end of the process. process.exit() ends no environment, but it runs the destructors of
// what is static.
#pragma once

#include <mutex>
#include <set>

namespace skiff {

// A static one calls `Last` of each object that is in it then.
template <class Object, auto Last> class AtExit {
  public:
    ~AtExit()
    {
        for (Object *object : all_)
            (object->*Last)();
    }

    void Add(Object *object)
    {
        std::lock_guard<std::mutex> guard(mutex_);
        all_.insert(object);
    }

    void Remove(Object *object)
    {
        std::lock_guard<std::mutex> guard(mutex_);
        all_.erase(object);
    }

  private:
    std::mutex mutex_; // environments have threads of their own
    std::set<Object *> all_;
};

} // namespace skiff
