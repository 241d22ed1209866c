#pragma once

#include <utility>

#include "ipc/client/cpp/client.h"
#include "ipc/contract/decoder.h"

namespace tillhost::client {

/// One request over the connection that stands, and its reply read.
template <class Reply, class Body>
base::Result<Reply> Client::ask(contract::RequestKind kind, const Body& body,
                                os::Deadline deadline) {
    const contract::Value answer = TRY(ask_for(kind, contract::to_value(body), deadline));
    auto reply = contract::from_value<Reply>(answer);
    if (!reply) {
        return base::make_error(base::ErrorCode::malformed,
                                "devd's answer: " + reply.error().detail, base::Effect::unknown);
    }
    return std::move(*reply);
}

}  // namespace tillhost::client
