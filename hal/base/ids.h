#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "hal/base/result.h"

namespace tillhost::base {

/// A number that names something: comparison and hash, no arithmetic.
template <class Tag, class Rep = std::uint64_t>
struct StrongId {
    Rep value{};
    friend auto operator<=>(const StrongId&, const StrongId&) = default;
};

/// One connection of a client, given out by hello; a later connection has another one.
using SessionId = StrongId<struct SessionTag>;
/// One life of a driver's process; persisted, so that it never repeats for a device.
using HostEpoch = StrongId<struct HostEpochTag>;

/// Names one operation for ever. Made by the client (UUID version 7: its first 48 bits are the time
/// of making in milliseconds), kept by it for the life of the sale.
class OperationId final {
public:
    OperationId() = default;
    /// `random` fills the 74 bits that are not time or version.
    static OperationId make(std::uint64_t unix_ms, const std::array<std::uint64_t, 2>& random);
    /// Reads "0190b8f2-…" in either case. Errors: bad_field(operation_id) unless a UUID of
    /// version 7.
    static Result<OperationId> from_text(std::string_view text);
    /// Errors: bad_field(operation_id) unless 16 bytes of a UUID of version 7.
    static Result<OperationId> from_bytes(const std::array<std::uint8_t, 16>& bytes);

    std::string to_text() const;
    std::uint64_t unix_ms() const;
    const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    bool is_nil() const { return bytes_ == std::array<std::uint8_t, 16>{}; }

    friend auto operator<=>(const OperationId&, const OperationId&) = default;

private:
    std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace tillhost::base

template <class Tag, class Rep>
struct std::hash<tillhost::base::StrongId<Tag, Rep>> {
    std::size_t operator()(const tillhost::base::StrongId<Tag, Rep>& id) const noexcept {
        return std::hash<Rep>{}(id.value);
    }
};

template <>
struct std::hash<tillhost::base::OperationId> {
    std::size_t operator()(const tillhost::base::OperationId& id) const noexcept {
        std::uint64_t mixed = 0;  // the low half is random already
        for (std::size_t i = 8; i < 16; ++i) {
            mixed = mixed << 8 | id.bytes()[i];
        }
        return static_cast<std::size_t>(mixed);
    }
};
