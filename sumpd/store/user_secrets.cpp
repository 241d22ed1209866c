#include "sumpd/store/user_secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sumpd/exchange/text_form.h"
#include "sumpd/store/sql.h"

namespace tillhost::sumpd::store {

using exchange::Outcome;
using exchange::refuse_field;

namespace {

std::vector<std::string_view> divided(std::string_view text, char by) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(by);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

/// "m=19456": the number behind the name, if it is from 1 to `max`.
bool is_cost(std::string_view text, std::string_view name, std::int64_t max) {
    if (text.substr(0, name.size()) != name) {
        return false;
    }
    const auto number = exchange::integer_from(text.substr(name.size()));
    return number && *number >= 1 && *number <= max;
}

bool is_base64(std::string_view text, std::size_t min, std::size_t max) {
    return text.size() >= min && text.size() <= max &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '+' || c == '/';
           });
}

/// "$argon2id$v=19$m=…,t=…,p=1$salt$hash" that can be checked here at a bounded cost.
bool is_argon2id(std::string_view text) {
    const auto parts = divided(text, '$');
    if (parts.size() != 6 || !parts[0].empty() || parts[1] != "argon2id" || parts[2] != "v=19") {
        return false;
    }
    const auto costs = divided(parts[3], ',');
    return costs.size() == 3 && is_cost(costs[0], "m=", kPhcMemoryKibMax) &&
           is_cost(costs[1], "t=", kPhcPassesMax) && costs[2] == "p=1" &&
           is_base64(parts[4], 11, 64) && is_base64(parts[5], 22, 86);
}

/// Whether somebody has hashed it: "$name$…". A password in clear that looks so is refused, too.
bool is_hashed(std::string_view text) {
    const auto parts = divided(text, '$');
    return parts.size() >= 4 && parts[0].empty() && !parts[1].empty();
}

bool is_pin(std::string_view text) {
    return text.size() >= kPinDigitsMin && text.size() <= kPinDigitsMax &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string peppered_pin(const ServerKey& key, const std::string& user_id, const std::string& pin) {
    return key.digest("pin-pepper:" + user_id, pin);
}

std::string digest_of_badge(const ServerKey& key, const std::string& badge) {
    return key.digest("badge", badge);
}

Outcome<std::string> SecretMaker::hash_of(const char* field, const std::string& text) const {
    auto hash = os::password_hash(text, cost_);
    if (hash) {
        return std::move(*hash);
    }
    if (hash.error().code == base::ErrorCode::bad_field) {
        return refuse_field(field, hash.error().detail);
    }
    return tl::unexpected(fault_of(hash.error()));
}

Outcome<void> SecretMaker::take_password(const std::string& user_id, const std::string& password,
                                         KeptDigests& kept, UserSecrets& to) const {
    const std::string digest = key_.digest("password:" + user_id, password);
    if (digest == kept.password) {
        return {};
    }
    if (is_hashed(password) && !is_argon2id(password)) {
        return refuse_field("Password",
                            fmt::format("in clear, or $argon2id$v=19$ of at most m={},t={},p=1",
                                        kPhcMemoryKibMax, kPhcPassesMax));
    }
    auto hash =
        is_argon2id(password) ? Outcome<std::string>(password) : hash_of("Password", password);
    if (!hash) {
        return tl::unexpected(hash.error());
    }
    to.password_hash = std::move(*hash);
    to.password_digest = kept.password = digest;
    return {};
}

Outcome<void> SecretMaker::take_pin(const std::string& user_id, const std::string& pin,
                                    KeptDigests& kept, UserSecrets& to) const {
    if (!is_pin(pin)) {
        return refuse_field("Pin", fmt::format("{} to {} digits", kPinDigitsMin, kPinDigitsMax));
    }
    const std::string digest = key_.digest("pin:" + user_id, pin);
    if (digest == kept.pin) {
        return {};
    }
    auto hash = hash_of("Pin", peppered_pin(key_, user_id, pin));
    if (!hash) {
        return tl::unexpected(hash.error());
    }
    to.pin_hash = std::move(*hash);
    to.pin_digest = kept.pin = digest;
    return {};
}

Outcome<UserSecrets> SecretMaker::take(const std::string& user_id, exchange::User& user,
                                       KeptDigests& kept) const {
    const exchange::User given = user;
    user.password.reset();
    user.pin.reset();
    user.badge.reset();
    KeptDigests moved = kept;
    UserSecrets made;
    Outcome<void> taken;
    if (given.pin) {  // first what is refused for less
        taken = take_pin(user_id, given.pin->text, moved, made);
    }
    if (taken && given.password) {
        taken = take_password(user_id, given.password->text, moved, made);
    }
    if (!taken) {
        return tl::unexpected(taken.error());
    }
    if (given.badge) {
        const std::string digest = digest_of_badge(key_, given.badge->text);
        if (digest != moved.badge) {
            made.badge_digest = moved.badge = digest;
        }
    }
    kept = std::move(moved);
    return made;
}

}  // namespace tillhost::sumpd::store
