#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "hal/base/result.h"
#include "ipc/contract/kinds.h"
#include "ipc/contract/messages.h"
#include "ipc/contract/value.h"

namespace tillhost::contract {

/// Major version of the client protocol spoken here.
inline constexpr std::int64_t kProtocolVersion = 1;

// Limits of one frame, checked before anything is allocated for its content.
inline constexpr std::size_t kFrameBytesMax = 1024 * 1024;
inline constexpr std::size_t kDepthMax = 16;
inline constexpr std::size_t kMapEntriesMax = 1024;
inline constexpr std::size_t kArrayItemsMax = 1024;

/// Longest time a request may ask to wait; a longer one is cut to it.
inline constexpr std::int64_t kRequestDeadlineMsMax = 3'600'000;

/// {v, kind, id, deadline_ms, body}. `id` is the request's own number on its connection and is
/// repeated in the reply; an operation's id stands in the body.
struct Request {
    RequestKind kind = RequestKind::unspecified;
    std::int64_t id = 0;
    std::int64_t deadline_ms = 0;  ///< from arrival; 0 = the server's default
    Value body;
};

/// {v, id, ok: body} or {v, id, error: Error}; an event, {v, id, event: Event}, has the number of
/// the subscribe that asked for it.
struct Reply {
    std::int64_t id = 0;
    std::variant<Value, Error> outcome;
    bool is_event = false;
};

/// A request that could not be read, with its number if that much was legible (else 0).
struct BadRequest {
    std::int64_t id = 0;
    base::Error error;
};

// Bodies are moved where the caller gives them away: a copy of a tree costs as much as writing it.
Value to_value(Request request);
Value to_value(Reply reply, Style style = Style::wire);
/// A request for `daemon`. Errors: malformed (not a map), wrong_version, unknown_kind (another
/// daemon's too), bad_field.
std::variant<Request, BadRequest> read_request(Value value, Daemon daemon = Daemon::devd);
/// Errors: malformed, wrong_version, bad_field.
base::Result<Reply> read_reply(Value value);

Error to_contract(const base::Error& error);
base::Error to_base(const Error& error);

}  // namespace tillhost::contract
