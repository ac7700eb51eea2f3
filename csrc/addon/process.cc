// Processes, and descriptors of which JavaScript knows the number.
#include "addon.h"
#include "owned.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace skiff {

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
    exports.Set("sendSignal", Napi::Function::New(env, SendSignal, "sendSignal"));
    exports.Set("pipe", Napi::Function::New(env, Pipe, "pipe"));
    exports.Set("tryLock", Napi::Function::New(env, TryLock, "tryLock"));
    exports.Set("openNull", Napi::Function::New(env, OpenNull, "openNull"));
    exports.Set("execute", Napi::Function::New(env, Execute, "execute"));
    exports.Set("close", Napi::Function::New(env, Close, "close"));
    exports.Set("release", Napi::Function::New(env, Release, "release"));
}

} // namespace skiff
