#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/os/p256.h"
#include "simulators/core/fiscal_store.h"

namespace tillhost::simulators::fido2 {

inline constexpr std::size_t kCredentialsMax = 64;
inline constexpr std::size_t kCredentialIdBytes = 64;
inline constexpr std::size_t kNameBytesMax = 253;  ///< of a relying party or a user

struct Credential {
    base::Bytes id;
    base::Bytes secret;  ///< of its key
    std::string rp;
    base::Bytes user_id;
    std::string user_name;
    bool resident = false;
    std::uint32_t counter = 0;  ///< at its last signature
    bool operator==(const Credential&) const = default;
};

/// Everything that outlives power.
struct Content {
    base::Bytes attestation_secret;       ///< its maker gave many tokens this one
    base::Bytes attestation_certificate;  ///< DER
    base::Bytes root_certificate;         ///< DER, of the maker
    std::uint32_t made = 0;               ///< credentials ever made: no secret is given twice
    std::uint32_t counter = 0;            ///< of all signatures
    bool counts = true;                   ///< else the counter stays zero
    std::vector<Credential> credentials;
    bool operator==(const Content&) const = default;
};

base::Bytes encode_content(const Content& content);
/// Total.
std::optional<Content> decode_content(base::ByteView bytes);

/// The token's memory, and where its secrets come from: a token of the same seed and serial that
/// has done the same holds the same keys. Every change is on the store before the call returns.
class Memory final {
public:
    /// A new store gets a new token. Errors: storage_failed.
    static base::Result<Memory> open(std::shared_ptr<FiscalStore> store, std::uint64_t seed,
                                     const std::string& serial);

    const Content& content() const { return content_; }
    /// Errors: storage_failed, and nothing has changed.
    base::Done set(Content content);

    /// A credential with a fresh id and key, not kept yet; `content().made` counts it when it is.
    Credential fresh_credential() const;

private:
    Memory(std::shared_ptr<FiscalStore> store, std::uint64_t seed, const std::string& serial);
    base::Done begin_anew(std::uint64_t seed);

    std::shared_ptr<FiscalStore> store_;
    base::Bytes master_;  ///< all secrets of this token come from it
    Content content_;
};

}  // namespace tillhost::simulators::fido2
