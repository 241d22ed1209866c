#pragma once

#include <optional>
#include <string>

#include "hal/base/result.h"

// Who may sign in to a daemon's panel: one user, kept in a file of its state folder that only it
// reads (mode 0600). Without the file nobody can; then a one-time token in a second file lets the
// first person make the login. Whoever may delete files there administers the machine anyway.
namespace tillhost::panel {

inline constexpr std::size_t kUserBytesMax = 64;
inline constexpr std::size_t kPasswordCharactersMin = 10;
inline constexpr std::size_t kPasswordBytesMax = 256;

struct Login {
    std::string user;
    std::string hash;  ///< argon2id, as libsodium writes it
};

class LoginFile final {
public:
    /// `folder`: the daemon's state folder. `reset`: the command that takes the login away, such as
    /// "licd --reset-web-login". Touches nothing.
    LoginFile(const std::string& folder, std::string reset);

    /// The login, or nothing if none was made yet. Errors: config_invalid (the file is damaged),
    /// system_failed.
    base::Result<std::optional<Login>> read() const;
    /// Durable when it returns; the one-time token is gone with it. Errors: storage_full,
    /// system_failed.
    base::Done write(const Login& login) const;
    /// The token that makes the first login, made if there is none. Errors: as write().
    base::Result<std::string> token() const;
    /// Takes the login away. Errors: system_failed.
    base::Done remove() const;

    const std::string& token_path() const { return token_path_; }
    const std::string& reset() const { return reset_; }

private:
    std::string path_;
    std::string token_path_;
    std::string reset_;
};

}  // namespace tillhost::panel
