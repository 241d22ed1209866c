#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/os/password_hash.h"

namespace tillhost::http {

/// Makes and checks kept passwords, never more than two at once: each takes 64 MiB and a core for
/// 0.1 s, and a crowd at the door must not take the machine. Any thread; waits for its turn.
class Passwords final {
public:
    static constexpr std::ptrdiff_t kAtOnceMax = 2;

    /// A cheaper cost is for tests. Errors: system_failed, no memory.
    static base::Result<std::unique_ptr<Passwords>> create(const os::Argon2Cost& cost = {});

    /// Errors: as os::password_hash().
    base::Result<std::string> hash(std::string_view password);

    /// Whether it is the password. Without a kept one (no such user) it is false after the same
    /// work, so that the time does not tell who has an account.
    bool matches(const std::optional<std::string>& kept, std::string_view password);

private:
    Passwords(const os::Argon2Cost& cost, std::string decoy)
        : cost_(cost), decoy_(std::move(decoy)) {}
    const os::Argon2Cost cost_;
    const std::string decoy_;  ///< a password nobody knows
    std::counting_semaphore<kAtOnceMax> turns_{kAtOnceMax};
};

/// Slows down who guesses: after kFailuresMax failures within kWindow an account, and an address,
/// is refused until the oldest of them is that old. Any thread.
///
/// Whoever knows an account's name can keep it locked; its owner has the console of the machine.
class LoginGuard final {
public:
    static constexpr std::size_t kFailuresMax = 5;
    static constexpr std::chrono::minutes kWindow{15};
    /// Accounts and addresses remembered; one more forgets the one that failed longest ago.
    static constexpr std::size_t kRemembered = 4096;

    explicit LoginGuard(const os::Clock& clock) : clock_(clock) {}

    /// To be asked before the password is looked at. Nothing: go on; the attempt counts as a
    /// failure until succeeded() says otherwise, so that guesses at the same time count too.
    /// Otherwise the time left, and nothing is counted.
    std::optional<std::chrono::seconds> attempt(std::string_view account, std::string_view address);
    /// The attempt was right: the account has no failures, the address one less.
    void succeeded(std::string_view account, std::string_view address);

    /// An account or an address that is refused now. Which one is not kept: what was typed as a
    /// name may have been a password.
    struct Lock {
        bool is_account = false;
        std::chrono::seconds left{};
    };
    std::vector<Lock> locks();

private:
    using Failures = std::vector<os::Instant>;  ///< oldest first, at most kFailuresMax
    os::Duration left(const std::string& key);
    void count(const std::string& key);

    const os::Clock& clock_;
    std::mutex mutex_;
    std::map<std::string, Failures> failures_;  ///< under mutex_
};

}  // namespace tillhost::http
