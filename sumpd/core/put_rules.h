#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sumpd/exchange/operations.h"

namespace tillhost::sumpd::core {

/// How far a document has come here. Numbers stand in the database.
enum class Stage : std::uint8_t {
    stored = 1,      ///< waits for the next message
    in_message = 2,  ///< in one that is frozen
    accepted = 3,
    rejected = 4,
    deferred = 5,    ///< goes again into a later message
    superseded = 6,  ///< was rejected, and another one corrects it
};

/// What is kept of a document under the same id.
struct Known {
    std::string sha256{};
    Stage stage = Stage::stored;
    std::string error{};  ///< why it was rejected
    exchange::Moment received_at{};
};

enum class PutDeed : std::uint8_t { keep, nothing, quarantine };
struct PutVerdict {
    PutDeed deed = PutDeed::nothing;
    exchange::PutResult result{};
};

/// The table of sump.md: what is answered to a document and what is done with it. `same_id` is what
/// is kept under its id; `seq_taken` says that its device has numbered another one so.
PutVerdict judge_put(const exchange::Document& document, const std::string& sha256,
                     const std::optional<Known>& same_id, bool seq_taken, exchange::Moment now);

/// As the app is told of it.
exchange::DocumentState state_of(Stage stage);
Stage stage_of(exchange::Verdict verdict);

/// Whether a verdict that names the document may change it: it was sent, and no correction has
/// taken its place.
bool takes_verdict(Stage now);

}  // namespace tillhost::sumpd::core
