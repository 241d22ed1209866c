#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

// The part of CBOR (RFC 8949) that CTAP2 speaks: whole numbers, byte and text strings, arrays, maps
// with numbers or texts as keys, true and false. Everything else (fractions, tags, null, strings of
// unknown length) is refused.
namespace tillhost::codec::cbor {

/// Arrays and maps in one another (FIDO, CTAP 2.1, section 8: at most four levels).
inline constexpr std::size_t kDepthMax = 4;
/// Longest text that is read; no message of CTAPHID is longer.
inline constexpr std::size_t kBytesMax = 7609;

class Value;
using Array = std::vector<Value>;
using Key = std::variant<std::int64_t, std::string>;
using Map = std::vector<std::pair<Key, Value>>;

/// One value with all that is in it. A map keeps the order in which it was read or made.
class Value final {
public:
    explicit Value(std::int64_t value) : node_(value) {}
    explicit Value(bool value) : node_(value) {}
    explicit Value(base::Bytes value) : node_(std::move(value)) {}
    explicit Value(std::string value) : node_(std::move(value)) {}
    explicit Value(Array value) : node_(std::move(value)) {}
    explicit Value(Map value) : node_(std::move(value)) {}

    template <class T>
    const T* get_if() const {
        return std::get_if<T>(&node_);
    }
    template <class Visitor>
    decltype(auto) visit(Visitor&& visitor) const {
        return std::visit(std::forward<Visitor>(visitor), node_);
    }
    friend bool operator==(const Value&, const Value&) = default;

private:
    std::variant<std::int64_t, bool, base::Bytes, std::string, Array, Map> node_;
};

/// The entry under that key, or nullptr.
const Value* find(const Map& map, std::int64_t key);
const Value* find(const Map& map, std::string_view key);
/// The same, if it is of that type.
template <class T, class K>
const T* find_as(const Map& map, K key) {
    const Value* const value = find(map, key);
    return value == nullptr ? nullptr : value->get_if<T>();
}

/// Reads exactly one value. The order of a map's keys and longer forms of lengths than needed are
/// forgiven, as tokens are known for both; a key that stands twice is not.
/// Errors: frame_damaged, naming the byte where the reading ended.
base::Result<Value> read(base::ByteView bytes);

/// The canonical form of CTAP2: shortest lengths; in a map numbers come first, then texts, shorter
/// keys before longer ones, then by their bytes.
base::Bytes write(const Value& value);

}  // namespace tillhost::codec::cbor
