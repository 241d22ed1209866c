#include "ipc/http/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/os/random.h"
#include "ipc/http/form.h"

namespace tillhost::http {
namespace {

constexpr std::size_t kTokenWords = 4;  // of 64 bits
constexpr std::size_t kTokenDigits = kTokenWords * 16;

std::string random_token() {
    std::string token;
    for (std::size_t i = 0; i < kTokenWords; ++i) {
        token += fmt::format("{:016x}", os::random_u64());
    }
    return token;
}

std::string hex(const os::Sha256& digest) {
    std::string text;
    for (const std::byte byte : digest) {
        text += fmt::format("{:02x}", base::to_unsigned(byte));
    }
    return text;
}

os::Sha256 digest_of(std::string_view token) { return os::sha256(base::bytes_of(token)); }

}  // namespace

Sessions::Sessions(const os::Clock& clock, SessionOptions options)
    : clock_(clock), options_(std::move(options)), csrf_key_(base::bytes_of(random_token())) {}

std::string Sessions::open(const Request& login, std::string_view user, Role role,
                           Language language) {
    const std::string token = random_token();
    const os::Instant now = clock_.now();
    const std::lock_guard lock(mutex_);
    entries_.erase(digest_of(token_of(login)));
    make_room();
    entries_[digest_of(token)] = {std::string(user), role, language, now, now};
    return cookie_of(token, options_.absolute);
}

std::optional<Session> Sessions::find(const Request& request) {
    const std::string token = token_of(request);
    const std::lock_guard lock(mutex_);
    const auto at = alive(token);
    if (at == entries_.end()) {
        return std::nullopt;
    }
    at->second.used = clock_.now();
    return Session{at->second.user, at->second.role, at->second.language,
                   hex(os::hmac_sha256(csrf_key_, base::bytes_of(token)))};
}

std::string Sessions::end(const Request& request) {
    const std::lock_guard lock(mutex_);
    entries_.erase(digest_of(token_of(request)));
    return cookie_of("", std::chrono::seconds(0));
}

void Sessions::end_all_of(std::string_view user) {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [user](const auto& entry) { return entry.second.user == user; });
}

void Sessions::set_language(const Request& request, Language language) {
    const std::lock_guard lock(mutex_);
    if (const auto at = alive(token_of(request)); at != entries_.end()) {
        at->second.language = language;
    }
}

std::size_t Sessions::count() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

std::string Sessions::cookie_of(std::string_view token, std::chrono::seconds age) const {
    return fmt::format("__Host-{}={}; Path=/; Max-Age={}; Secure; HttpOnly; SameSite=Strict",
                       options_.cookie, token, age.count());
}

std::string Sessions::token_of(const Request& request) const {
    const auto cookies = decode_cookies(request.header("Cookie"));
    const std::string* const token = http::find(cookies, "__Host-" + options_.cookie);
    return token != nullptr && token->size() == kTokenDigits ? *token : std::string();
}

/// Found by a digest, so that the time of the search tells nothing of any token.
Sessions::Entries::iterator Sessions::alive(std::string_view token) {
    const auto at = entries_.find(digest_of(token));
    const os::Instant now = clock_.now();
    if (at != entries_.end() &&
        (now - at->second.used >= options_.idle || now - at->second.opened >= options_.absolute)) {
        entries_.erase(at);
        return entries_.end();
    }
    return at;
}

void Sessions::make_room() {
    if (entries_.empty() || entries_.size() < options_.sessions_max) {
        return;
    }
    entries_.erase(std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
}

}  // namespace tillhost::http
