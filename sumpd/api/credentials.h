#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hal/os/clock.h"
#include "ipc/http/message.h"
#include "ipc/http/password.h"
#include "sumpd/api/operations.h"
#include "sumpd/apps/registry.h"

namespace tillhost::sumpd::api {

/// How the accounting system signs in: HTTP Basic, or the password as a Bearer token.
struct NodeLogin {
    std::string login{};  ///< empty: no accounting system is admitted
    std::string password{};
};

/// Tells who a request comes from. Any thread.
class Doorkeeper final {
public:
    /// All outlive it.
    Doorkeeper(NodeLogin node, apps::Registry& registry, const os::Clock& clock)
        : node_(std::move(node)), registry_(registry), guard_(clock) {}

    /// By the header Authorization, or by the element Session of clients that cannot set headers; a
    /// request with neither comes from anyone. Faults: unauthorized, session_expired,
    /// device_revoked, too_many (wrong passwords of the accounting system's login).
    exchange::Outcome<Caller> caller_of(const http::Request& request,
                                        const std::optional<exchange::Secret>& session);

    /// Of an app's session in the header, where that needs no more than a look into memory.
    std::optional<Caller> session_at_once(const http::Request& request);

private:
    exchange::Outcome<Caller> node_caller(std::string_view login, std::string_view password,
                                          const std::string& address);
    exchange::Outcome<Caller> app_caller(const std::string& token, const std::string& address);

    const NodeLogin node_;
    apps::Registry& registry_;
    http::LoginGuard guard_;
};

}  // namespace tillhost::sumpd::api
