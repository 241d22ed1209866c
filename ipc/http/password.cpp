#include "ipc/http/password.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/os/digest.h"
#include "hal/os/random.h"

namespace tillhost::http {
namespace {

/// Holds one of the turns.
class Turn final {
public:
    using Turns = std::counting_semaphore<Passwords::kAtOnceMax>;
    explicit Turn(Turns& turns) : turns_(turns) { turns_.acquire(); }
    ~Turn() { turns_.release(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

private:
    Turns& turns_;
};

/// Of one length, whatever a visitor types for a name.
constexpr char kAccount = 'u';
constexpr char kAddress = 'a';

std::string key_of(char kind, std::string_view text) {
    return kind + os::sha256_hex(base::bytes_of(text));
}

}  // namespace

base::Result<std::unique_ptr<Passwords>> Passwords::create(const os::Argon2Cost& cost) {
    std::string decoy =
        TRY(os::password_hash(fmt::format("{:x}{:x}", os::random_u64(), os::random_u64()), cost));
    return std::unique_ptr<Passwords>(new Passwords(cost, std::move(decoy)));
}

base::Result<std::string> Passwords::hash(std::string_view password) {
    const Turn turn(turns_);
    return os::password_hash(password, cost_);
}

bool Passwords::matches(const std::optional<std::string>& kept, std::string_view password) {
    const Turn turn(turns_);
    const bool same = os::password_matches(kept.value_or(decoy_), password);
    return same && kept.has_value();
}

std::optional<std::chrono::seconds> LoginGuard::attempt(std::string_view account,
                                                        std::string_view address) {
    const std::string keys[] = {key_of(kAccount, account), key_of(kAddress, address)};
    const std::lock_guard lock(mutex_);
    const os::Duration wait = std::max(left(keys[0]), left(keys[1]));
    if (wait > os::Duration::zero()) {
        return std::chrono::ceil<std::chrono::seconds>(wait);
    }
    count(keys[0]);
    count(keys[1]);
    return std::nullopt;
}

void LoginGuard::succeeded(std::string_view account, std::string_view address) {
    const std::lock_guard lock(mutex_);
    failures_.erase(key_of(kAccount, account));
    const auto at = failures_.find(key_of(kAddress, address));
    if (at != failures_.end()) {
        at->second.pop_back();
        if (at->second.empty()) {
            failures_.erase(at);
        }
    }
}

std::vector<LoginGuard::Lock> LoginGuard::locks() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> keys;
    for (const auto& [key, failures] : failures_) {
        keys.push_back(key);
    }
    std::vector<Lock> found;
    for (const std::string& key : keys) {
        const os::Duration wait = left(key);
        if (wait > os::Duration::zero()) {
            found.push_back(
                {key.starts_with(kAccount), std::chrono::ceil<std::chrono::seconds>(wait)});
        }
    }
    return found;
}

/// Forgets what is too old; how long until one more attempt.
os::Duration LoginGuard::left(const std::string& key) {
    const auto at = failures_.find(key);
    if (at == failures_.end()) {
        return os::Duration::zero();
    }
    Failures& failures = at->second;
    const os::Instant now = clock_.now();
    std::erase_if(failures, [now](os::Instant when) { return now - when >= kWindow; });
    if (failures.empty()) {
        failures_.erase(at);
        return os::Duration::zero();
    }
    return failures.size() < kFailuresMax ? os::Duration::zero() : failures.front() + kWindow - now;
}

void LoginGuard::count(const std::string& key) {
    if (failures_.size() >= kRemembered && !failures_.contains(key)) {
        failures_.erase(std::min_element(
            failures_.begin(), failures_.end(),
            [](const auto& a, const auto& b) { return a.second.back() < b.second.back(); }));
    }
    failures_[key].push_back(clock_.now());
}

}  // namespace tillhost::http
