// Names of members, made once: V8 has to look each up in a table of all strings otherwise, which takes longer than what
// is done with the member.
#pragma once

#include "addon.h"

#include <unordered_map>

namespace skiff {

class Names {
  public:
    // @param name a literal: it is known by its address
    napi_value Of(Napi::Env env, const char *name)
    {
        auto known = places_.find(name);
        if (known != places_.end())
            return Napi::Value(made_.Value().Get(known->second));
        if (made_.IsEmpty())
            made_ = Napi::Persistent(Napi::Object(Napi::Array::New(env)));
        auto place = static_cast<uint32_t>(places_.size());
        Napi::String made = Napi::String::New(env, name);
        made_.Value().Set(place, made);
        places_[name] = place;
        return made;
    }

  private:
    std::unordered_map<const char *, uint32_t> places_;
    Napi::ObjectReference made_;
};

} // namespace skiff
