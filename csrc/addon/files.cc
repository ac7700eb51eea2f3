// Files of layers, read in batches.
#include "addon.h"
#include "parts.h"

extern "C" {
#include "../archive/pieces.h"
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

void RegisterFiles(Napi::Env env, Napi::Object exports)
{
    exports.Set("readPieces", Napi::Function::New(env, ReadPieces, "readPieces"));
}

} // namespace skiff
