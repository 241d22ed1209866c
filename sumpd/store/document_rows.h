#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sumpd/core/put_rules.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/store/sql.h"

// Rows of the table document, for those who write them.
namespace tillhost::sumpd::store {

/// A document with what was computed of it before the transaction began.
struct ReadyDocument {
    const exchange::Document* document = nullptr;
    std::string body{};  ///< canonical JSON
    std::string sha256{};
    std::string flags{};  ///< limits that it breaks, blanks between
};
ReadyDocument ready_of(const exchange::Document& document);

/// What is kept under the id.
std::optional<core::Known> known_under(Sql& sql, const std::string& doc_id);

struct NewDocument {
    const ReadyDocument& ready;
    std::string device_id;
    std::int64_t device_seq = 0;  ///< in the column; below 0: its own is another document's
    std::int64_t place = 0;
    std::int64_t received_ms = 0;
};
/// One more document that waits for the next message; the one that it corrects is superseded.
void insert_document(Sql& sql, const NewDocument& made);

/// A body that stands aside: a conflict's, or of a revoked device.
void insert_quarantine(Sql& sql, const ReadyDocument& ready, const std::string& device_id,
                       const std::string& words, bool is_rescued, std::int64_t now_ms);

}  // namespace tillhost::sumpd::store
