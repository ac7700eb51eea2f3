#include "terminal.h"

#include <cstring>
#include <sys/ioctl.h>

namespace skiff {

struct termios ModeOption(const Napi::Object &options)
{
    std::vector<uint8_t> bytes = BytesOption(options, "mode");
    struct termios mode;
    if (bytes.size() != sizeof mode)
        throw Napi::TypeError::New(options.Env(), "option 'mode' must come from terminalMode or setRawMode");
    std::memcpy(&mode, bytes.data(), sizeof mode);
    return mode;
}

static struct termios ModeOf(Napi::Env env, int terminal)
{
    struct termios mode;
    if (tcgetattr(terminal, &mode) != 0)
        throw FailedCall(env, "tcgetattr");
    return mode;
}

static Napi::Value ModeToJs(Napi::Env env, const struct termios &mode)
{
    return Napi::Buffer<uint8_t>::Copy(env, reinterpret_cast<const uint8_t *>(&mode), sizeof mode);
}

static void SetWindowSize(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "setWindowSize");
    struct winsize size{};
    size.ws_row = static_cast<unsigned short>(IntOption(options, "rows"));
    size.ws_col = static_cast<unsigned short>(IntOption(options, "columns"));
    if (ioctl(IntOption(options, "terminal"), TIOCSWINSZ, &size) != 0)
        throw FailedCall(info.Env(), "ioctl TIOCSWINSZ");
}

static Napi::Value TerminalMode(const Napi::CallbackInfo &info)
{
    return ModeToJs(info.Env(), ModeOf(info.Env(), IntOption(OptionsOf(info, "terminalMode"), "terminal")));
}

static Napi::Value SetRawMode(const Napi::CallbackInfo &info)
{
    int terminal = IntOption(OptionsOf(info, "setRawMode"), "terminal");
    struct termios before = ModeOf(info.Env(), terminal), raw = before;
    cfmakeraw(&raw);
    if (tcsetattr(terminal, TCSADRAIN, &raw) != 0)
        throw FailedCall(info.Env(), "tcsetattr");
    return ModeToJs(info.Env(), before);
}

static void RestoreMode(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "restoreMode");
    struct termios mode = ModeOption(options);
    if (tcsetattr(IntOption(options, "terminal"), TCSADRAIN, &mode) != 0)
        throw FailedCall(info.Env(), "tcsetattr");
}

void RegisterTerminal(Napi::Env env, Napi::Object exports)
{
    exports.Set("setWindowSize", Napi::Function::New(env, SetWindowSize, "setWindowSize"));
    exports.Set("terminalMode", Napi::Function::New(env, TerminalMode, "terminalMode"));
    exports.Set("setRawMode", Napi::Function::New(env, SetRawMode, "setRawMode"));
    exports.Set("restoreMode", Napi::Function::New(env, RestoreMode, "restoreMode"));
}

} // namespace skiff
