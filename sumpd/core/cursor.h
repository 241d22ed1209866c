#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/operations.h"

namespace tillhost::sumpd::core {

inline constexpr std::size_t kEpochMax = 64;

/// How far an app has read the changes. For the app it is a text that it keeps and gives back.
struct Cursor {
    std::string epoch{};       ///< of the server's numbering; another one: read all again
    std::int64_t seq = 0;      ///< everything up to it was given
    std::string scope_hash{};  ///< of what was asked for, scope_hash_of()
    /// Only while an app reads for the first time: what could be seen when it began. It needs no
    /// word of what was deleted before. 0: it has read beyond.
    std::int64_t begun_at = 0;
    friend bool operator==(const Cursor&, const Cursor&) = default;
};

/// What is asked for, in 16 hex digits: the store and the kinds with their versions, in any order.
/// An app that comes to another store or learns a new kind has to read all again.
std::string scope_hash_of(const std::string& store_id,
                          const std::vector<exchange::KindWanted>& kinds);

/// base64url of epoch, seq, scope hash and a checksum; at most exchange::kCursorMax bytes.
std::string to_text(const Cursor& cursor);
/// Total: any text gives a cursor or bad_request; never one that to_text() did not write.
exchange::Outcome<Cursor> cursor_from(std::string_view text);

/// Whether reading may go on behind the cursor. Errors: resync_required (another epoch, another
/// scope, or a place that this server has not reached: it was restored).
exchange::Outcome<std::int64_t> place_of(const Cursor& cursor, const std::string& epoch,
                                         const std::string& scope_hash, std::int64_t newest);

/// Whether the app behind the cursor has been told of all that was deleted up to `floor`, below
/// which deletions are forgotten. Errors: resync_required.
exchange::Outcome<void> check_floor(const Cursor& cursor, std::int64_t floor);

}  // namespace tillhost::sumpd::core
