#include "ipc/msgpack.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <msgpack.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/base/invariant.h"
#include "ipc/contract/envelope.h"

namespace tillhost::ipc {
namespace {

using base::Error;
using base::ErrorCode;
using base::make_error;
using contract::Value;

/// What the packer of the library writes to.
struct ByteSink {
    base::Bytes bytes;

    void write(const char* data, std::size_t size) {
        const auto* first = reinterpret_cast<const std::byte*>(data);
        bytes.insert(bytes.end(), first, first + size);
    }
};

struct Packer {
    msgpack::packer<ByteSink>& out;

    void operator()(std::monostate) { out.pack_nil(); }
    void operator()(bool value) {
        if (value) {
            out.pack_true();
        } else {
            out.pack_false();
        }
    }
    void operator()(std::int64_t value) { out.pack_int64(value); }
    void operator()(double value) { out.pack_double(value); }
    void operator()(const std::string& value) {
        const auto size = static_cast<std::uint32_t>(value.size());
        out.pack_str(size);
        out.pack_str_body(value.data(), size);
    }
    void operator()(const base::Bytes& value) {
        const auto size = static_cast<std::uint32_t>(value.size());
        out.pack_bin(size);
        out.pack_bin_body(reinterpret_cast<const char*>(value.data()), size);
    }
    void operator()(const Value::Array& value) {
        out.pack_array(static_cast<std::uint32_t>(value.size()));
        for (const Value& one : value) {
            one.visit(*this);
        }
    }
    void operator()(const Value::Map& value) {
        out.pack_map(static_cast<std::uint32_t>(value.size()));
        for (const auto& [key, one] : value) {
            (*this)(key);
            one.visit(*this);
        }
    }
};

/// A few keys are compared with each other; from here on, sorting is cheaper.
constexpr std::size_t kKeysComparedPairwise = 16;

const std::string* key_that_repeats(const Value::Map& map) {
    if (map.size() <= kKeysComparedPairwise) {
        for (std::size_t i = 1; i < map.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (map[i].first == map[j].first) {
                    return &map[i].first;
                }
            }
        }
        return nullptr;
    }
    std::vector<const std::string*> keys;
    keys.reserve(map.size());
    for (const auto& entry : map) {
        keys.push_back(&entry.first);
    }
    std::sort(keys.begin(), keys.end(), [](const auto* a, const auto* b) { return *a < *b; });
    const auto twice = std::adjacent_find(keys.begin(), keys.end(),
                                          [](const auto* a, const auto* b) { return *a == *b; });
    return twice == keys.end() ? nullptr : *twice;
}

/// Called by the library's parser for each piece; builds the tree. A method that returns false
/// stops the parser, with the reason in `error`.
class TreeBuilder final : public msgpack::null_visitor {
public:
    bool visit_nil() { return put(Value()); }
    bool visit_boolean(bool value) { return put(Value(value)); }
    bool visit_positive_integer(std::uint64_t value) {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            return refuse(ErrorCode::malformed, "an integer above 2^63 - 1");
        }
        return put(Value(static_cast<std::int64_t>(value)));
    }
    bool visit_negative_integer(std::int64_t value) { return put(Value(value)); }
    bool visit_float32(float value) { return put(Value(static_cast<double>(value))); }
    bool visit_float64(double value) { return put(Value(value)); }
    bool visit_str(const char* text, std::uint32_t size) {
        if (at_key_) {
            open_[depth_ - 1].key.assign(text == nullptr ? "" : text, size);
            return true;
        }
        return put(Value(size == 0 ? std::string() : std::string(text, size)));
    }
    bool visit_bin(const char* bytes, std::uint32_t size) {
        const auto* first = reinterpret_cast<const std::byte*>(bytes);
        return put(Value(size == 0 ? base::Bytes() : base::Bytes(first, first + size)));
    }
    bool visit_ext(const char*, std::uint32_t) {
        return refuse(ErrorCode::malformed, "an extension type");
    }

    bool start_array(std::uint32_t size) {
        if (size > contract::kArrayItemsMax) {
            return refuse(ErrorCode::too_large, fmt::format("a list of {} items; at most {}", size,
                                                            contract::kArrayItemsMax));
        }
        if (!open(false)) {
            return false;
        }
        open_[depth_ - 1].items.reserve(size);
        return true;
    }
    bool end_array() {
        Value::Array items = std::move(open_[--depth_].items);
        return put(Value(std::move(items)));
    }
    bool start_map(std::uint32_t size) {
        if (size > contract::kMapEntriesMax) {
            return refuse(ErrorCode::too_large, fmt::format("a map of {} entries; at most {}", size,
                                                            contract::kMapEntriesMax));
        }
        if (!open(true)) {
            return false;
        }
        open_[depth_ - 1].entries.reserve(size);
        return true;
    }
    bool start_map_key() {
        at_key_ = true;
        return true;
    }
    bool end_map_key() {
        at_key_ = false;
        return true;
    }
    bool end_map() {
        Value::Map entries = std::move(open_[--depth_].entries);
        if (const std::string* key = key_that_repeats(entries)) {
            return refuse(ErrorCode::malformed,
                          fmt::format("the key '{}' twice in a map", key->substr(0, kKeyShown)));
        }
        return put(Value(std::move(entries)));
    }
    void parse_error(std::size_t, std::size_t) {
        refuse(ErrorCode::malformed, "a byte that begins no value");
    }
    void insufficient_bytes(std::size_t, std::size_t) {
        refuse(ErrorCode::malformed, "the end in the middle of a value");
    }

    bool refuse(ErrorCode code, std::string what) {
        error_ = make_error(code, std::move(what));
        return false;
    }
    const std::optional<Error>& error() const { return error_; }
    Value take() { return std::move(whole_); }

private:
    static constexpr std::size_t kKeyShown = 40;

    /// A list or map whose end has not come yet.
    struct Open {
        bool is_map = false;
        std::string key;
        Value::Array items;
        Value::Map entries;
    };

    bool counted() {
        if (++values_ > kMessageValuesMax) {
            return refuse(ErrorCode::too_large,
                          fmt::format("more than {} values", kMessageValuesMax));
        }
        return true;
    }
    bool open(bool is_map) {
        if (at_key_) {
            return put(Value());
        }
        if (depth_ == contract::kDepthMax) {
            return refuse(ErrorCode::too_large,
                          fmt::format("more than {} levels of nesting", contract::kDepthMax));
        }
        open_[depth_++].is_map = is_map;
        return true;
    }
    bool put(Value value) {
        if (at_key_) {
            return refuse(ErrorCode::malformed, "a key of a map that is not text");
        }
        if (!counted()) {
            return false;
        }
        if (depth_ == 0) {
            whole_ = std::move(value);
            return true;
        }
        Open& parent = open_[depth_ - 1];
        if (parent.is_map) {
            parent.entries.emplace_back(std::move(parent.key), std::move(value));
        } else {
            parent.items.push_back(std::move(value));
        }
        return true;
    }

    std::array<Open, contract::kDepthMax> open_;
    std::size_t depth_ = 0;
    std::size_t values_ = 0;
    bool at_key_ = false;
    Value whole_;
    std::optional<Error> error_;
};

/// True when a whole value was read; `offset` is where reading stopped.
bool parse(base::ByteView bytes, std::size_t& offset, TreeBuilder& builder) {
    try {
        const auto* data = reinterpret_cast<const char*>(bytes.data());
        return msgpack::parse(data, bytes.size(), offset, builder);
    } catch (const msgpack::unpack_error& thrown) {
        return builder.refuse(ErrorCode::malformed, thrown.what());
    }
}

}  // namespace

base::Bytes encode_msgpack(const Value& value) {
    ByteSink sink;
    msgpack::packer<ByteSink> out(sink);
    value.visit(Packer{out});
    return std::move(sink.bytes);
}

base::Result<Value> decode_msgpack(base::ByteView bytes) {
    if (bytes.size() > contract::kFrameBytesMax) {
        return make_error(ErrorCode::too_large,
                          fmt::format("a message of {} bytes; at most {}", bytes.size(),
                                      contract::kFrameBytesMax));
    }
    if (bytes.empty()) {
        return make_error(ErrorCode::malformed, "at byte 0: an empty message");
    }
    TreeBuilder builder;
    std::size_t offset = 0;
    if (!parse(bytes, offset, builder) || builder.error()) {
        INVARIANT(builder.error().has_value());
        return make_error(builder.error()->code,
                          fmt::format("at byte {}: {}", offset, builder.error()->detail));
    }
    if (offset != bytes.size()) {
        return make_error(ErrorCode::malformed, fmt::format("at byte {}: {} bytes behind the end",
                                                            offset, bytes.size() - offset));
    }
    return builder.take();
}

}  // namespace tillhost::ipc
