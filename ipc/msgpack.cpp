#include "ipc/msgpack.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <msgpack.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "hal/base/invariant.h"
#include "ipc/contract/envelope.h"
#include "ipc/tree_builder.h"

namespace tillhost::ipc {
namespace {

using base::ErrorCode;
using base::make_error;
using contract::Value;

/// Most messages fit without growing the buffer again.
constexpr std::size_t kUsualBytes = 512;

/// What the packer of the library writes to, mostly a byte or two at a time.
class ByteSink final {
public:
    void write(const char* data, std::size_t size) {
        if (size == 0) {
            return;  // an empty value may come as a null pointer, which memcpy forbids
        }
        if (bytes_.size() - used_ < size) {
            bytes_.resize(std::max(2 * bytes_.size(), used_ + size));
        }
        std::memcpy(bytes_.data() + used_, data, size);
        used_ += size;
    }
    base::Bytes take() {
        bytes_.resize(used_);
        return std::move(bytes_);
    }

private:
    base::Bytes bytes_ = base::Bytes(kUsualBytes);
    std::size_t used_ = 0;
};

struct Packer {
    msgpack::packer<ByteSink>& out;
    ByteSink& sink;

    void operator()(std::monostate) { out.pack_nil(); }
    void operator()(bool value) {
        if (value) {
            out.pack_true();
        } else {
            out.pack_false();
        }
    }
    void operator()(std::int64_t value) { out.pack_int64(value); }
    void operator()(double value) {
        // Format "float 64", written here: the library makes an integer of a double without a
        // fraction, even one above 2^63 - 1, which decode_msgpack refuses.
        base::ByteWriter bytes;
        bytes.u8(0xCB).uint_be(std::bit_cast<std::uint64_t>(value), sizeof value);
        sink.write(reinterpret_cast<const char*>(bytes.bytes().data()), bytes.bytes().size());
    }
    void operator()(std::string_view value) {
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

/// Called by the library's parser for each piece; a method that returns false stops it.
class Visitor final : public msgpack::null_visitor {
public:
    bool visit_nil() { return put(Value()); }
    bool visit_boolean(bool value) { return put(Value(value)); }
    bool visit_positive_integer(std::uint64_t value) {
        return at_key_ ? key_is_not_text() : tree_.put_unsigned(value);
    }
    bool visit_negative_integer(std::int64_t value) { return put(Value(value)); }
    bool visit_float32(float value) { return put(Value(static_cast<double>(value))); }
    bool visit_float64(double value) { return put(Value(value)); }
    bool visit_str(const char* text, std::uint32_t size) {
        const std::string_view whole =
            size == 0 ? std::string_view() : std::string_view(text, size);
        return at_key_ ? tree_.key(whole) : tree_.put(Value(std::string(whole)));
    }
    bool visit_bin(const char* bytes, std::uint32_t size) {
        const auto* first = reinterpret_cast<const std::byte*>(bytes);
        return put(Value(size == 0 ? base::Bytes() : base::Bytes(first, first + size)));
    }
    bool visit_ext(const char*, std::uint32_t) {
        return tree_.refuse(ErrorCode::malformed, "an extension type");
    }
    bool start_array(std::uint32_t size) {
        return at_key_ ? key_is_not_text() : tree_.open_list(size);
    }
    bool end_array() { return tree_.close(); }
    bool start_map(std::uint32_t size) {
        return at_key_ ? key_is_not_text() : tree_.open_map(size);
    }
    bool end_map() { return tree_.close(); }
    bool start_map_key() {
        at_key_ = true;
        return true;
    }
    bool end_map_key() {
        at_key_ = false;
        return true;
    }
    void parse_error(std::size_t, std::size_t) {
        tree_.refuse(ErrorCode::malformed, "a byte that begins no value");
    }
    void insufficient_bytes(std::size_t, std::size_t) {
        tree_.refuse(ErrorCode::malformed, "the end in the middle of a value");
    }
    TreeBuilder& tree() { return tree_; }

private:
    bool key_is_not_text() {
        return tree_.refuse(ErrorCode::malformed, "a key of a map that is not text");
    }
    bool put(Value value) { return at_key_ ? key_is_not_text() : tree_.put(std::move(value)); }

    TreeBuilder tree_;
    bool at_key_ = false;
};

/// True when a whole value was read; `offset` is where reading stopped.
bool parse(base::ByteView bytes, std::size_t& offset, Visitor& visitor) {
    try {
        const auto* data = reinterpret_cast<const char*>(bytes.data());
        return msgpack::parse(data, bytes.size(), offset, visitor);
    } catch (const msgpack::unpack_error& thrown) {
        return visitor.tree().refuse(ErrorCode::malformed, thrown.what());
    }
}

}  // namespace

base::Bytes encode_msgpack(const Value& value) {
    ByteSink sink;
    msgpack::packer<ByteSink> out(sink);
    value.visit(Packer{out, sink});
    return sink.take();
}

base::Bytes encode_reply(const contract::Reply& reply) {
    const auto* body = std::get_if<Value>(&reply.outcome);
    if (body == nullptr) {
        return encode_msgpack(contract::to_value(reply));
    }
    ByteSink sink;
    msgpack::packer<ByteSink> out(sink);
    Packer pack{out, sink};
    out.pack_map(3);
    const auto key = [&pack](std::string_view name) { pack(name); };
    key("v");
    pack(contract::kProtocolVersion);
    key("id");
    pack(reply.id);
    key(reply.is_event ? "event" : "ok");
    body->visit(pack);
    return sink.take();
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
    Visitor visitor;
    TreeBuilder& builder = visitor.tree();
    std::size_t offset = 0;
    if (!parse(bytes, offset, visitor) || builder.error()) {
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
