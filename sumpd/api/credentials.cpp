#include "sumpd/api/credentials.h"

#include "hal/os/digest.h"
#include "sumpd/apps/tokens.h"
#include "sumpd/exchange/text_form.h"

namespace tillhost::sumpd::api {

using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

namespace {

constexpr std::string_view kBasic = "Basic ";
constexpr std::string_view kBearer = "Bearer ";

bool same(std::string_view one, std::string_view other) {
    // Digests are of one length, so that the time does not tell the length of a secret.
    return os::same_secret(os::sha256(base::bytes_of(one)), os::sha256(base::bytes_of(other)));
}

Caller session_caller(const apps::SessionRow& session, const std::string& address) {
    return {.kind = Access::session,
            .address = address,
            .device_id = session.device_id,
            .user_id = session.user_id,
            .store_id = session.store_id,
            .session = session.digest};
}

}  // namespace

Outcome<Caller> Doorkeeper::node_caller(std::string_view login, std::string_view password,
                                        const std::string& address) {
    if (node_.login.empty()) {
        return refuse(FaultCode::unauthorized,
                      "no accounting system is admitted: set [[exchange]] in sumpd.toml");
    }
    // A right password is let in even while others guess: it is long and the machine's own, and
    // the exchange of a shop must not be stopped by whoever can reach the port.
    if (same(login, node_.login) && same(password, node_.password)) {
        return Caller{.kind = Access::node, .address = address};
    }
    if (const auto wait = guard_.attempt(login, address)) {
        exchange::Fault fault{.code = FaultCode::too_many,
                              .message = "too many wrong passwords; wait, then try again"};
        fault.retry_after_ms = wait->count() * 1000;
        return tl::unexpected(std::move(fault));
    }
    return refuse(FaultCode::unauthorized, "the login or the password is wrong");
}

Outcome<Caller> Doorkeeper::app_caller(const std::string& token, const std::string& address) {
    if (apps::token_kind(token) == apps::TokenKind::device) {
        const auto device = registry_.device_of(token, address);
        if (!device) {
            const auto rescued = registry_.rescued_of(token);
            return rescued
                       ? Outcome<Caller>(Caller{
                             .kind = Access::rescued, .address = address, .device_id = rescued->id})
                       : tl::unexpected(device.error());
        }
        return Caller{.kind = Access::device, .address = address, .device_id = device->id};
    }
    const auto session = registry_.session_of(token, address);
    if (!session) {
        return tl::unexpected(session.error());
    }
    return session_caller(*session, address);
}

std::optional<Caller> Doorkeeper::session_at_once(const http::Request& request) {
    const std::string_view header = request.header("Authorization");
    if (!header.starts_with(kBearer)) {
        return std::nullopt;
    }
    const std::string token(header.substr(kBearer.size()));
    if (apps::token_kind(token) != apps::TokenKind::session) {
        return std::nullopt;
    }
    const auto session = registry_.session_at_once(token, request.peer);
    return session ? std::optional(session_caller(*session, request.peer)) : std::nullopt;
}

Outcome<Caller> Doorkeeper::caller_of(const http::Request& request,
                                      const std::optional<exchange::Secret>& session) {
    const std::string_view header = request.header("Authorization");
    if (header.empty()) {
        return session ? app_caller(session->text, request.peer)
                       : Outcome<Caller>(Caller{.address = request.peer});
    }
    if (header.starts_with(kBearer)) {
        const std::string token(header.substr(kBearer.size()));
        return apps::token_kind(token) ? app_caller(token, request.peer)
                                       : node_caller(node_.login, token, request.peer);
    }
    if (!header.starts_with(kBasic)) {
        return refuse(FaultCode::unauthorized, "Authorization: Basic or Bearer");
    }
    const auto pair = exchange::base64_from(header.substr(kBasic.size()));
    if (!pair) {
        return refuse(FaultCode::unauthorized,
                      "Authorization: Basic with base64 of login:password");
    }
    const std::string text = base::string_of(*pair);
    const std::size_t colon = std::min(text.find(':'), text.size());
    return node_caller(std::string_view(text).substr(0, colon),
                       std::string_view(text).substr(std::min(colon + 1, text.size())),
                       request.peer);
}

}  // namespace tillhost::sumpd::api
