#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/ids.h"
#include "hal/base/result.h"

namespace tillhost::licd::wire {

// Bounds of a lease text; what exceeds one is neither written nor read.
inline constexpr std::size_t kLeaseTextBytesMax = 2000;
inline constexpr std::size_t kLeaseNameBytesMax = 64;
inline constexpr std::size_t kInstanceBytesMin = 8;
inline constexpr std::int64_t kLeaseNumberMax = 9'007'199'254'740'991;  ///< 2^53 - 1
inline constexpr std::int64_t kSeatMax = 1'000'000;
inline constexpr std::int64_t kLeaseSecondsMax = 86'400;

/// What a licence server signs when it lends a licence: docs/formats/licence-lease.md. The bytes of
/// text() are signed as they stand, with Ed25519 by the key that the licence key's seal names.
///
/// A lease is for one instance of a program and for one request of it. A renewal is the same lease
/// with a larger `renewal`; a program that refuses any other than a larger one cannot be fed an
/// answer that it was given before.
struct LeaseText {
    std::int64_t number = 0;      ///< from 1; never given twice by a server
    std::string licence{};        ///< its name, 1 to 64 bytes
    std::string key{};            ///< serial of the key, 1 to 64 bytes
    std::int64_t seat = 0;        ///< from 1; 0 = uncounted
    std::int64_t generation = 0;  ///< of the seat, from 1; grows with every grant
    std::string instance{};       ///< of the program, 8 to 64 bytes
    base::OperationId request{};  ///< request_id of the acquire
    std::int64_t renewal = 0;     ///< 0 = the grant
    std::int64_t time_s = 0;      ///< 1 to a day, from the moment that its request was sent
    std::int64_t grace_s = 0;     ///< 0 to a day

    /// Errors: bad_field(lease.NAME), too large, empty, no UTF-8, or with a control character.
    base::Result<std::string> text() const;
    /// Takes exactly what text() writes and nothing else: no other order, no blank, no leading
    /// zero, no second line of a name. Total. Errors: malformed (another kind of text, or a line of
    /// it), bad_field(lease.NAME), too_large.
    static base::Result<LeaseText> read(std::string_view text);

    friend bool operator==(const LeaseText&, const LeaseText&) = default;
};

}  // namespace tillhost::licd::wire
