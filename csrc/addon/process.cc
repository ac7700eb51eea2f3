// Parked inits, their exit, the watchdog, terminals.
#include "addon.h"
#include "exit_watch.h"
#include "owned.h"
#include "parts.h"

extern "C" {
#include "../core/launch.h"
#include "../core/protocol.h"
}

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

namespace skiff {

static Napi::Error FailedCall(Napi::Env env, const char *syscall, const char *path = nullptr)
{
    skiff_error error{};
    skiff_fail(&error, syscall, path);
    return ErrorOf(env, error);
}

static bool CopyWhole(int from, int to)
{
    struct stat about;
    if (fstat(from, &about) != 0)
        return false;
    off_t left = about.st_size;
    while (left > 0) {
        ssize_t moved = sendfile(to, from, nullptr, static_cast<size_t>(left));
        if (moved <= 0)
            return false;
        left -= moved;
    }
    return true;
}

static Napi::Value OpenInit(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    std::string path = TextOption(OptionsOf(info, "openInit"), "path");
    int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        throw FailedCall(env, "open", path.c_str());
    int sealed = memfd_create("skiff-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool copied = sealed >= 0 && CopyWhole(file, sealed) &&
                  fcntl(sealed, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0;
    int errnum = errno;
    close(file);
    if (!copied) {
        if (sealed >= 0)
            close(sealed);
        errno = errnum;
        throw FailedCall(env, "memfd_create", path.c_str());
    }
    return Napi::Number::New(env, Owned::Of(env).Adopt(sealed));
}

// Not by node:crypto, whose loading takes longer than a container's workspace.
static Napi::Value RandomId(const Napi::CallbackInfo &info)
{
    unsigned char bytes[32];
    char text[2 * sizeof bytes];
    if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
        throw FailedCall(info.Env(), "getrandom");
    for (size_t i = 0; i < sizeof bytes; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return Napi::String::New(info.Env(), text, sizeof text);
}

// A process beside this one: no namespaces, no plan; its pipe keeps messages and their descriptors together.
static Napi::Value StartCompanion(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "startCompanion");
    int init = IntOption(options, "init");
    std::string name = TextOption(options, "name");
    return Job<skiff_launched>::Start(
        info.Env(),
        [init, name](skiff_launched &launched, skiff_error *error) {
            skiff_launch_options options{};
            options.init = init;
            options.name = name.c_str();
            options.network = options.mount_base = options.user_namespace = options.starter = -1;
            return skiff_launch(&options, SOCK_SEQPACKET, &launched, error);
        },
        [](Napi::Env env, skiff_launched &launched) -> Napi::Value {
            Owned &owned = Owned::Of(env);
            Napi::Object result = Napi::Object::New(env);
            result.Set("pid", launched.pid);
            result.Set("pidfd", owned.Adopt(launched.pidfd));
            result.Set("pipe", owned.Adopt(launched.pipe));
            return result;
        });
}

static void Tell(Napi::Env env, int pipe, uint32_t type, const void *body, uint32_t length, int fd)
{
    skiff_error error{};
    if (!skiff_send(pipe, type, body, length, &fd, fd >= 0 ? 1 : 0, &error))
        throw ErrorOf(env, error);
}

static void Guard(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "guard");
    Tell(info.Env(), IntOption(options, "pipe"), SKIFF_GUARD, nullptr, 0, IntOption(options, "pidfd"));
}

static struct termios ModeOption(const Napi::Object &options)
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

static void GuardTerminal(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "guardTerminal");
    struct termios mode = ModeOption(options);
    Tell(info.Env(), IntOption(options, "pipe"), SKIFF_TERMINAL, &mode, sizeof mode, IntOption(options, "terminal"));
}

static void ForgetTerminal(const Napi::CallbackInfo &info)
{
    Tell(info.Env(), IntOption(OptionsOf(info, "forgetTerminal"), "pipe"), SKIFF_RESTORED, nullptr, 0, -1);
}

static void WatchExit(const Napi::CallbackInfo &info)
{
    Napi::Env env = info.Env();
    Napi::Object options = OptionsOf(info, "watchExit");
    if (info.Length() < 2 || !info[1].IsFunction())
        throw Napi::TypeError::New(env, "watchExit takes a function as its second argument");
    int pidfd = IntOption(options, "pidfd");
    auto on_exit = info[1].As<Napi::Function>();
    if (Member(options, "last").IsUndefined())
        return ExitWatch::Start(env, pidfd, BoolOption(options, "background", false), on_exit);
    Napi::Object last = ObjectOption(options, "last");
    ExitWatch::StartLast(env, pidfd, IntOption(last, "pipe"), Owned::Of(env).reapers.Option(last),
                         std::make_unique<Removal>(last), on_exit);
}

static Napi::Value StartReaper(const Napi::CallbackInfo &info)
{
    skiff_error error{};
    std::shared_ptr<Reaper> reaper = Reaper::Start(&error);
    if (!reaper)
        throw ErrorOf(info.Env(), error);
    return Napi::Number::New(info.Env(), Owned::Of(info.Env()).reapers.Add(std::move(reaper)));
}

static void StopReaper(const Napi::CallbackInfo &info)
{
    Owned::Of(info.Env()).reapers.Stop(IntOption(OptionsOf(info, "stopReaper"), "reaper"));
}

static Napi::Value SendSignal(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "sendSignal");
    long result = syscall(SYS_pidfd_send_signal, IntOption(options, "pidfd"), IntOption(options, "signal"), nullptr, 0);
    if (result != 0 && errno != ESRCH)
        throw FailedCall(info.Env(), "pidfd_send_signal");
    return Napi::Boolean::New(info.Env(), result == 0);
}

static Napi::Value Pipe(const Napi::CallbackInfo &info)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        throw FailedCall(info.Env(), "pipe2");
    Owned &owned = Owned::Of(info.Env());
    Napi::Array result = Napi::Array::New(info.Env(), 2);
    result.Set(0u, owned.Adopt(ends[0]));
    result.Set(1u, owned.Adopt(ends[1]));
    return result;
}

// Never waits: a stopped process may hold the lock for ever, and this is the event loop's thread.
static Napi::Value TryLock(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "tryLock");
    int how = BoolOption(options, "exclusive", false) ? LOCK_EX : LOCK_SH;
    if (flock(IntOption(options, "fd"), how | LOCK_NB) == 0)
        return Napi::Boolean::New(info.Env(), true);
    if (errno != EWOULDBLOCK)
        throw FailedCall(info.Env(), "flock");
    return Napi::Boolean::New(info.Env(), false);
}

static Napi::Value OpenNull(const Napi::CallbackInfo &info)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        throw FailedCall(info.Env(), "open", "/dev/null");
    return Napi::Number::New(info.Env(), Owned::Of(info.Env()).Adopt(fd));
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

static std::vector<char *> PointersTo(const std::vector<std::string> &texts)
{
    std::vector<char *> pointers;
    for (const std::string &text : texts)
        pointers.push_back(const_cast<char *>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

static void Execute(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "execute");
    std::string path = TextOption(options, "path");
    std::vector<std::string> args = TextListOption(options, "args"), env = TextListOption(options, "env");
    // At its start libuv makes all that it finds open O_CLOEXEC.
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        fcntl(fd, F_SETFD, 0);
    execve(path.c_str(), PointersTo(args).data(), PointersTo(env).data());
    throw FailedCall(info.Env(), "execve", path.c_str());
}

static void Close(const Napi::CallbackInfo &info)
{
    for (int fd : IntListOption(OptionsOf(info, "close"), "fds"))
        if (Owned::Of(info.Env()).Release(fd))
            close(fd);
}

static void Release(const Napi::CallbackInfo &info)
{
    for (int fd : IntListOption(OptionsOf(info, "release"), "fds"))
        Owned::Of(info.Env()).Release(fd);
}

void RegisterProcess(Napi::Env env, Napi::Object exports)
{
    Owned::Attach(env);
    exports.Set("openInit", Napi::Function::New(env, OpenInit, "openInit"));
    exports.Set("randomId", Napi::Function::New(env, RandomId, "randomId"));
    exports.Set("startCompanion", Napi::Function::New(env, StartCompanion, "startCompanion"));
    exports.Set("guard", Napi::Function::New(env, Guard, "guard"));
    exports.Set("guardTerminal", Napi::Function::New(env, GuardTerminal, "guardTerminal"));
    exports.Set("forgetTerminal", Napi::Function::New(env, ForgetTerminal, "forgetTerminal"));
    exports.Set("watchExit", Napi::Function::New(env, WatchExit, "watchExit"));
    exports.Set("startReaper", Napi::Function::New(env, StartReaper, "startReaper"));
    exports.Set("stopReaper", Napi::Function::New(env, StopReaper, "stopReaper"));
    exports.Set("sendSignal", Napi::Function::New(env, SendSignal, "sendSignal"));
    exports.Set("pipe", Napi::Function::New(env, Pipe, "pipe"));
    exports.Set("tryLock", Napi::Function::New(env, TryLock, "tryLock"));
    exports.Set("openNull", Napi::Function::New(env, OpenNull, "openNull"));
    exports.Set("setWindowSize", Napi::Function::New(env, SetWindowSize, "setWindowSize"));
    exports.Set("terminalMode", Napi::Function::New(env, TerminalMode, "terminalMode"));
    exports.Set("setRawMode", Napi::Function::New(env, SetRawMode, "setRawMode"));
    exports.Set("restoreMode", Napi::Function::New(env, RestoreMode, "restoreMode"));
    exports.Set("execute", Napi::Function::New(env, Execute, "execute"));
    exports.Set("close", Napi::Function::New(env, Close, "close"));
    exports.Set("release", Napi::Function::New(env, Release, "release"));
}

} // namespace skiff
