#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "hal/os/password_hash.h"
#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/objects.h"
#include "sumpd/store/server_key.h"

namespace tillhost::sumpd::store {

inline constexpr std::size_t kPinDigitsMin = 4;
inline constexpr std::size_t kPinDigitsMax = 6;
/// What hashes of passwords that were made elsewhere may cost here at each login.
inline constexpr std::int64_t kPhcMemoryKibMax = 256 * 1024;
inline constexpr std::int64_t kPhcPassesMax = 16;

/// What is kept instead of a user's secrets; an empty text: nothing, or that it stays as it is.
struct UserSecrets {
    std::string password_hash{};    ///< a PHC string of argon2id
    std::string password_digest{};  ///< by the server's key: tells whether it is the same again
    std::string pin_hash{};         ///< a PHC string of the PIN's pepper
    std::string pin_digest{};
    std::string badge_digest{};
    bool any() const {
        return !password_hash.empty() || !pin_hash.empty() || !badge_digest.empty();
    }
};
struct KeptDigests {
    std::string password{};
    std::string pin{};
    std::string badge{};
};

/// A PIN as it is hashed and checked: four digits are guessed at once by whoever has their hash, so
/// that they are mixed with the server's key before.
std::string peppered_pin(const ServerKey& key, const std::string& user_id, const std::string& pin);
/// Of a card's number.
std::string digest_of_badge(const ServerKey& key, const std::string& badge);

/// Makes what is kept of secrets. Any thread; 20 ms for each secret that is a new one.
class SecretMaker final {
public:
    SecretMaker(ServerKey key, const os::Argon2Cost& cost) : key_(std::move(key)), cost_(cost) {}

    /// Takes the secrets out of the user. One that is kept already (the digests tell) costs nothing
    /// and is told as staying; the digests are moved on. Faults: schema_invalid (Password, Pin),
    /// internal.
    exchange::Outcome<UserSecrets> take(const std::string& user_id, exchange::User& user,
                                        KeptDigests& kept) const;

    const ServerKey& key() const { return key_; }

private:
    exchange::Outcome<void> take_password(const std::string& user_id, const std::string& password,
                                          KeptDigests& kept, UserSecrets& to) const;
    exchange::Outcome<void> take_pin(const std::string& user_id, const std::string& pin,
                                     KeptDigests& kept, UserSecrets& to) const;
    exchange::Outcome<std::string> hash_of(const char* field, const std::string& text) const;

    const ServerKey key_;
    const os::Argon2Cost cost_;
};

}  // namespace tillhost::sumpd::store
