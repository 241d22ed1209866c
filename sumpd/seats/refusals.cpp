#include "sumpd/seats/refusals.h"

#include <fmt/format.h>

#include "sumpd/seats/seats.h"

namespace tillhost::sumpd::seats {

using base::ErrorCode;
using exchange::Fault;
using exchange::FaultCode;

namespace {

Fault later(std::string message) {
    Fault fault{.code = FaultCode::too_many, .message = std::move(message)};
    fault.retry_after_ms = kRetryMs;
    return fault;
}

}  // namespace

bool is_away(const base::Error& error) {
    return error.code == ErrorCode::no_daemon || error.code == ErrorCode::link_lost ||
           error.code == ErrorCode::deadline_passed || error.code == ErrorCode::shutting_down ||
           error.code == ErrorCode::no_session || error.code == ErrorCode::stale_session;
}

Fault refusal_of(const base::Error& error, const std::string& contact) {
    if (is_away(error)) {
        return later("the licence server does not answer; log in again soon");
    }
    if (error.code == ErrorCode::retry_later) {
        return later("the licence server is busy; log in again soon");
    }
    if (error.code == ErrorCode::system_failed || error.code == ErrorCode::config_invalid ||
        error.code == ErrorCode::bad_field || error.code == ErrorCode::storage_full) {
        return {.code = FaultCode::internal, .message = "licences: " + error.detail};
    }
    const std::string words = error.detail.empty() ? base::to_text(error) : error.detail;
    const std::string ask = contact.empty() ? "the administrator of the shop's server" : contact;
    return {.code = FaultCode::licence_denied,
            .message = fmt::format("no licence: {}; ask {}. Documents are taken all the same",
                                   words, ask)};
}

}  // namespace tillhost::sumpd::seats
