#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/bytes.h"

namespace tillhost::simulators::fido2 {

/// Maps and arrays in one another (CTAP 2.1 §8: four, the outermost among them).
inline constexpr std::size_t kCborDepthMax = 4;

/// A value of CBOR (RFC 8949) as far as CTAP2 uses it: integers of 63 bits, byte and text strings,
/// arrays, maps, false and true.
struct Cbor {
    enum class Kind : std::uint8_t { number, bytes, text, array, map, flag };

    static Cbor of(std::int64_t number) { return {.kind = Kind::number, .number = number}; }
    static Cbor of(std::string_view text) {
        return {.kind = Kind::text, .text = std::string(text)};
    }
    static Cbor of(base::ByteView bytes) {
        return {.kind = Kind::bytes, .bytes = base::Bytes(bytes.begin(), bytes.end())};
    }
    static Cbor flagged(bool flag) { return {.kind = Kind::flag, .flag = flag}; }
    static Cbor list(std::vector<Cbor> items) {
        return {.kind = Kind::array, .items = std::move(items)};
    }
    /// Keys and values in turn; in any order, encode_cbor() sorts them.
    static Cbor map(std::vector<Cbor> items) {
        return {.kind = Kind::map, .items = std::move(items)};
    }

    /// The value under the key, or nullptr; nullptr also of what is no map.
    const Cbor* at(std::int64_t key) const;
    const Cbor* at(std::string_view key) const;

    Kind kind = Kind::flag;
    std::int64_t number = 0;
    base::Bytes bytes{};
    std::string text{};
    std::vector<Cbor> items{};  ///< of an array; of a map keys and values in turn
    bool flag = false;

    friend bool operator==(const Cbor&, const Cbor&) = default;
};

/// In CTAP2's canonical form (CTAP 2.1 §8): shortest lengths, keys in their order.
base::Bytes encode_cbor(const Cbor& value);

/// Exactly one value in canonical form and nothing behind it: no indefinite length, no tag, no
/// float, no key out of its order or twice, no text that is not UTF-8, at most kCborDepthMax deep.
/// Total: anything else is nothing.
std::optional<Cbor> decode_cbor(base::ByteView bytes);

}  // namespace tillhost::simulators::fido2
