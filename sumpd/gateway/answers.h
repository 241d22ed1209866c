#pragma once

#include <optional>

#include "ipc/client/cpp/client.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/gateway/command_book.h"

// Terminals without a link (driver payment/manual): a person reads the result from their paper.
// Pure.
namespace tillhost::sumpd::gateway {

inline constexpr std::string_view kManualDriver = "payment/manual";

/// What a person is to do for a command that waits for it; nothing of any other.
std::optional<exchange::CommandPrompt> prompt_of(const CommandRow& row);

/// The answer as devd's `decide` takes it; `version`: of the operation as it stands.
client::Client::Decision decision_of(const CommandRow& row, std::int64_t version,
                                     const exchange::AnswerCommand& answer, const Asker& from);

/// Whether a finished command came to the end that the answer says, by the same slip.
bool is_said_by(const exchange::AnswerCommand& answer, const CommandRow& row);

/// devd's refusal of it, in the names of the answer.
exchange::Fault refusal_of(const base::Error& error);

}  // namespace tillhost::sumpd::gateway
