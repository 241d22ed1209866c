#pragma once

#include <string>
#include <vector>

#include "sumpd/core/numbering.h"
#include "sumpd/core/put_rules.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/store/sql.h"

// The one accounting system, and what its words change in documents. Called in transactions.
namespace tillhost::sumpd::store {

core::NodeState node_state(Sql& sql);

/// Everything up to that message is applied there: documents in it that were not named are
/// accepted. Gives the ids of the messages that are no longer frozen, whose files can go once this
/// is durable.
std::vector<std::string> acknowledge(Sql& sql, core::NodeState& node, std::int64_t up_to,
                                     std::int64_t now_ms);

/// What became of one document; `message_no` 0: whatever message it was in. A document that is
/// unknown, was never sent, has moved on to a later message or is superseded stays as it is, so
/// that repeating a verdict is harmless.
void apply_verdict(Sql& sql, const exchange::DocumentVerdict& verdict, std::int64_t message_no,
                   std::int64_t now_ms);

}  // namespace tillhost::sumpd::store
