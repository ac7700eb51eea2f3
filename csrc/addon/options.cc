#include "addon.h"

#include "owned.h"

#include <cstring>

namespace skiff {

static Napi::TypeError Wrong(const Napi::Object &options, const char *name, const char *wanted)
{
    return Napi::TypeError::New(options.Env(), std::string("option '") + name + "' must be " + wanted);
}

static int ToInt(const Napi::Object &options, const Napi::Value &value, const char *name)
{
    if (!value.IsNumber())
        throw Wrong(options, name, "a number");
    return value.As<Napi::Number>().Int32Value();
}

static std::string ToText(const Napi::Object &options, const Napi::Value &value, const char *name)
{
    std::string text;
    if (value.IsString()) {
        text = value.As<Napi::String>().Utf8Value();
    } else if (value.IsBuffer()) {
        auto buffer = value.As<Napi::Buffer<char>>();
        text.assign(buffer.Data(), buffer.Length());
    } else {
        throw Wrong(options, name, "a string or a Buffer");
    }
    if (std::memchr(text.data(), 0, text.size()) != nullptr)
        throw Wrong(options, name, "text without a NUL byte");
    return text;
}

Napi::Object OptionsOf(const Napi::CallbackInfo &info, const char *function)
{
    if (info.Length() < 1 || !info[0].IsObject())
        throw Napi::TypeError::New(info.Env(), std::string(function) + " takes one options object");
    return info[0].As<Napi::Object>();
}

Napi::Value Member(const Napi::Object &object, const char *name)
{
    return object.Get(Owned::Of(object.Env()).names.Of(object.Env(), name));
}

void SetMember(Napi::Object &object, const char *name, Napi::Value value)
{
    object.Set(Owned::Of(object.Env()).names.Of(object.Env(), name), value);
}

void SetMember(Napi::Object &object, const char *name, double value)
{
    SetMember(object, name, Napi::Number::New(object.Env(), value));
}

int IntOption(const Napi::Object &options, const char *name)
{
    return ToInt(options, Member(options, name), name);
}

int IntOption(const Napi::Object &options, const char *name, int fallback)
{
    Napi::Value value = Member(options, name);
    return value.IsUndefined() ? fallback : ToInt(options, value, name);
}

bool BoolOption(const Napi::Object &options, const char *name, bool fallback)
{
    Napi::Value value = Member(options, name);
    if (value.IsUndefined())
        return fallback;
    if (!value.IsBoolean())
        throw Wrong(options, name, "a boolean");
    return value.As<Napi::Boolean>().Value();
}

std::string TextOption(const Napi::Object &options, const char *name)
{
    return ToText(options, Member(options, name), name);
}

std::string TextOption(const Napi::Object &options, const char *name, const char *fallback)
{
    Napi::Value value = Member(options, name);
    return value.IsUndefined() ? fallback : ToText(options, value, name);
}

template <class Item>
static std::vector<Item> List(const Napi::Object &options, const char *name,
                              Item (*convert)(const Napi::Object &, const Napi::Value &, const char *))
{
    Napi::Value value = Member(options, name);
    std::vector<Item> items;
    if (value.IsUndefined())
        return items;
    if (!value.IsArray())
        throw Wrong(options, name, "an array");
    auto array = value.As<Napi::Array>();
    items.reserve(array.Length());
    for (uint32_t i = 0; i < array.Length(); i++)
        items.push_back(convert(options, array.Get(i), name));
    return items;
}

std::vector<std::string> TextListOption(const Napi::Object &options, const char *name)
{
    return List<std::string>(options, name, ToText);
}

std::vector<int> IntListOption(const Napi::Object &options, const char *name)
{
    return List<int>(options, name, ToInt);
}

std::vector<uint8_t> BytesOption(const Napi::Object &options, const char *name)
{
    Napi::Value value = Member(options, name);
    if (!value.IsBuffer())
        throw Wrong(options, name, "a Buffer");
    auto buffer = value.As<Napi::Buffer<uint8_t>>();
    return std::vector<uint8_t>(buffer.Data(), buffer.Data() + buffer.Length());
}

std::vector<uint8_t> StampedOption(const Napi::Object &options, const char *name)
{
    Napi::Value value = Member(options, name);
    if (!value.IsObject())
        throw Wrong(options, name, "an object");
    Napi::Object stamped = value.As<Napi::Object>();
    std::vector<uint8_t> bytes = BytesOption(stamped, "bytes"), places = BytesOption(stamped, "places");
    std::string id = TextOption(stamped, "id");
    for (size_t i = 0; i + 2 * sizeof(uint32_t) <= places.size(); i += 2 * sizeof(uint32_t)) {
        uint32_t at, length;
        std::memcpy(&at, &places[i], sizeof at);
        std::memcpy(&length, &places[i + sizeof at], sizeof length);
        if (length > id.size() || at > bytes.size() || length > bytes.size() - at)
            throw Wrong(stamped, "places", "within the bytes, and no longer than the id");
        std::memcpy(&bytes[at], id.data(), length);
    }
    return bytes;
}

} // namespace skiff
