#include <algorithm>

#include "hal/os/digest.h"
#include "licd/web/panel.h"
#include "licd/web/visits.h"

// Who comes in: the login, the first set-up, another password.
namespace tillhost::licd::web {

using http::Response;
using http::Visit;

namespace {

constexpr std::string_view kSetUp = "(set-up)";  ///< the account that wrong tokens count for

std::size_t characters_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

bool is_user_name(std::string_view user) {
    constexpr unsigned char kFirstPrintable = 0x20;
    return !user.empty() && user.size() <= kUserBytesMax &&
           std::all_of(user.begin(), user.end(),
                       [](char c) { return static_cast<unsigned char>(c) >= kFirstPrintable; });
}

std::string locked_text(http::Language language, std::chrono::seconds left) {
    return text(language, Text::locked_out, std::to_string(left.count() / 60 + 1));
}

Response with_cookie(std::string cookie) {
    Response in = http::see_other("/connections");
    in.headers.push_back({"Set-Cookie", std::move(cookie)});
    return in;
}

}  // namespace

Response Panel::sign_in(const Visit& visit) const {
    const std::string user(visit.field("user"));
    if (const auto left = parts_.guard.attempt(user, visit.request.peer)) {
        parts_.logger.warning("web login locked", {{"user", user}, {"from", visit.request.peer}});
        return entry_page(visit, parts_.login, locked_text(visit.language, *left));
    }
    const auto kept = parts_.login.read();
    const bool known = kept && kept->has_value() && (*kept)->user == user;
    const std::optional<std::string> hash =
        known ? std::optional((*kept)->hash) : std::optional<std::string>();
    if (!parts_.passwords.matches(hash, visit.field("password"))) {
        parts_.logger.warning("web login refused", {{"user", user}, {"from", visit.request.peer}});
        return entry_page(visit, parts_.login, text(visit.language, Text::wrong_login));
    }
    parts_.guard.succeeded(user, visit.request.peer);
    log(visit, "sign_in", user);
    return with_cookie(
        parts_.sessions.open(visit.request, user, http::Role::administrator, visit.language));
}

std::string Panel::fault_of(http::Language language, const Visit& visit) const {
    const std::string_view password = visit.field("password");
    if (characters_of(password) < kPasswordCharactersMin || password.size() > kPasswordBytesMax) {
        return text(language, Text::password_short, std::to_string(kPasswordCharactersMin));
    }
    return password == visit.field("again") ? std::string()
                                            : std::string(text(language, Text::passwords_differ));
}

Response Panel::set_up(const Visit& visit) const {
    const auto kept = parts_.login.read();
    if (!kept || kept->has_value()) {
        return http::see_other("/login");  // somebody was quicker, or the file is damaged
    }
    if (const auto left = parts_.guard.attempt(kSetUp, visit.request.peer)) {
        return entry_page(visit, parts_.login, locked_text(visit.language, *left));
    }
    const auto token = parts_.login.token();
    if (!token || !os::same_secret(base::bytes_of(*token), base::bytes_of(visit.field("token")))) {
        parts_.logger.warning("web set-up refused", {{"from", visit.request.peer}});
        return entry_page(visit, parts_.login, text(visit.language, Text::token_wrong));
    }
    parts_.guard.succeeded(kSetUp, visit.request.peer);
    const std::string user(visit.field("user"));
    if (!is_user_name(user)) {
        return entry_page(visit, parts_.login, text(visit.language, Text::user_wanted));
    }
    if (const std::string fault = fault_of(visit.language, visit); !fault.empty()) {
        return entry_page(visit, parts_.login, fault);
    }
    const auto hash = parts_.passwords.hash(visit.field("password"));
    const auto written = hash ? parts_.login.write({user, *hash}) : base::Done();
    if (!hash || !written) {
        return entry_page(visit, parts_.login,
                          base::to_text(hash ? written.error() : hash.error()));
    }
    log(visit, "set_up", user);
    return with_cookie(
        parts_.sessions.open(visit.request, user, http::Role::administrator, visit.language));
}

Response Panel::change_login(const Visit& visit) const {
    const auto refuse = [&](std::string_view why) { return settings(error_view(visit, why), {}); };
    const std::string& user = visit.session->user;
    if (const auto left = parts_.guard.attempt(user, visit.request.peer)) {
        return refuse(locked_text(visit.language, *left));
    }
    const auto kept = parts_.login.read();
    if (!kept || !kept->has_value() ||
        !parts_.passwords.matches((*kept)->hash, visit.field("old"))) {
        return refuse(text(visit.language, Text::wrong_login));
    }
    parts_.guard.succeeded(user, visit.request.peer);
    const std::string name(visit.field("user").empty() ? user : visit.field("user"));
    if (!is_user_name(name)) {
        return refuse(text(visit.language, Text::user_wanted));
    }
    if (const std::string fault = fault_of(visit.language, visit); !fault.empty()) {
        return refuse(fault);
    }
    const auto hash = parts_.passwords.hash(visit.field("password"));
    const auto written = hash ? parts_.login.write({name, *hash}) : base::Done();
    if (!hash || !written) {
        return refuse(base::to_text(hash ? written.error() : hash.error()));
    }
    log(visit, "change_login", name);
    parts_.sessions.end_all_of(user);
    Response again = http::see_other(noted("/settings", "login_changed", ""));
    again.headers.push_back(
        {"Set-Cookie",
         parts_.sessions.open(visit.request, name, http::Role::administrator, visit.language)});
    return again;
}

}  // namespace tillhost::licd::web
