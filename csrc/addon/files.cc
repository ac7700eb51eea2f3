// Files that are read in batches: of layers, and records.
#include "addon.h"
#include "parts.h"

extern "C" {
#include "../archive/pieces.h"
#include "../core/filestate.h"
#include "../core/texts.h"
}

namespace skiff {

// What the pieces' pointers lead to; bytes that are given as they are stay the caller's.
struct Pieces {
    std::string root;
    std::vector<std::string> names;
    std::vector<skiff_piece> pieces;
    size_t total = 0;
    Napi::ObjectReference options;
};

static std::shared_ptr<Pieces> PiecesOf(const Napi::Object &options)
{
    auto all = std::make_shared<Pieces>();
    all->root = TextOption(options, "root");
    all->options = Napi::Persistent(options);
    for (const auto &item : ObjectListOption(options, "pieces")) {
        skiff_piece piece{};
        Napi::Value data = item.Get("data");
        if (data.IsBuffer()) {
            auto bytes = data.As<Napi::Buffer<char>>();
            piece.size = bytes.Length();
            piece.data = bytes.Length() > 0 ? bytes.Data() : "";
            all->names.emplace_back();
        } else {
            piece.offset = static_cast<uint64_t>(item.Get("offset").ToNumber().DoubleValue());
            piece.size = static_cast<size_t>(item.Get("length").ToNumber().DoubleValue());
            all->names.push_back(TextOption(item, "name"));
        }
        all->total += piece.size;
        all->pieces.push_back(piece);
    }
    for (size_t i = 0; i < all->pieces.size(); i++)
        all->pieces[i].name = all->names[i].c_str();
    return all;
}

static Napi::Value ReadPieces(const Napi::CallbackInfo &info)
{
    auto all = PiecesOf(OptionsOf(info, "readPieces"));
    using Bytes = std::vector<char>;
    return Job<Bytes>::Start(
        info.Env(),
        [all](Bytes &bytes, skiff_error *error) {
            bytes.resize(all->total);
            return skiff_read_pieces(all->root.c_str(), all->pieces.data(), all->pieces.size(), bytes.data(), error);
        },
        [](Napi::Env env, Bytes &bytes) -> Napi::Value {
            return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
        });
}

// Owned by the job, whatever becomes of it.
struct Texts : skiff_texts {
    Texts() : skiff_texts{} {}
    Texts(const Texts &) = delete;
    Texts &operator=(const Texts &) = delete;
    ~Texts() { free(bytes); }
};

static Napi::Value JoinTexts(const Napi::CallbackInfo &info)
{
    Napi::Object options = OptionsOf(info, "joinTexts");
    auto names = TextListOption(options, "names");
    return Job<Texts>::Start(
        info.Env(),
        [directory = TextOption(options, "directory"), names = std::move(names), file = TextOption(options, "file"),
         between = TextOption(options, "between"),
         missing = TextOption(options, "missing")](Texts &texts, skiff_error *error) {
            auto pointers = NamesOf(names);
            return skiff_join_texts(directory.c_str(), pointers.data(), pointers.size(), file.c_str(), between.c_str(),
                                    missing.c_str(), &texts, error);
        },
        [](Napi::Env env, Texts &texts) -> Napi::Value {
            return Napi::String::New(env, texts.bytes ? texts.bytes : "", texts.length);
        });
}

// Files as they were.
struct FileStates {
    std::vector<std::string> paths;
    std::vector<skiff_file_state> states;
};

static Napi::Value TakeFileStates(const Napi::CallbackInfo &info)
{
    auto all = std::make_unique<FileStates>();
    all->paths = TextListOption(OptionsOf(info, "fileStates"), "paths");
    for (const auto &path : all->paths) {
        all->states.push_back(skiff_state_of(path.c_str()));
        if (skiff_is_fresh(&all->states.back()))
            return info.Env().Null();
    }
    return Napi::External<FileStates>::New(info.Env(), all.release(), [](Napi::Env, FileStates *old) { delete old; });
}

static Napi::Value AreUnchanged(const Napi::CallbackInfo &info)
{
    Napi::Value value = Member(OptionsOf(info, "areUnchanged"), "states");
    if (!value.IsExternal())
        throw Napi::TypeError::New(info.Env(), "option 'states' must come from fileStates");
    const FileStates *all = value.As<Napi::External<FileStates>>().Data();
    for (size_t i = 0; i < all->paths.size(); i++) {
        skiff_file_state now = skiff_state_of(all->paths[i].c_str());
        if (!skiff_same_state(&now, &all->states[i]))
            return Napi::Boolean::New(info.Env(), false);
    }
    return Napi::Boolean::New(info.Env(), true);
}

void RegisterFiles(Napi::Env env, Napi::Object exports)
{
    exports.Set("readPieces", Napi::Function::New(env, ReadPieces, "readPieces"));
    exports.Set("fileStates", Napi::Function::New(env, TakeFileStates, "fileStates"));
    exports.Set("areUnchanged", Napi::Function::New(env, AreUnchanged, "areUnchanged"));
    exports.Set("joinTexts", Napi::Function::New(env, JoinTexts, "joinTexts"));
}

} // namespace skiff
