#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hal/os/certificate.h"
#include "licd/keys/binding.h"
#include "licd/keys/dongle.h"
#include "licd/keys/licence_line.h"
#include "licd/keys/pin.h"
#include "licd/keys/sealed_text.h"

// A key (.dongle) and an answer (.lact), which is the same key bound to a machine. The format is
// told in docs/formats/licence-key.md.
namespace tillhost::licd::keys {

enum class KeyKind : std::uint8_t {
    soft,   ///< bound to a machine by its traits
    token,  ///< bound to a dongle that answers for its own key pair; never activated
};
std::string_view name_of(KeyKind kind);

inline constexpr std::int64_t kRevisionMax = 1'000'000;

/// A PIN of the key, by the public key that it stands for (Pin::key_for).
struct PinSlot {
    int number = 0;
    os::PublicKey commitment;
};

/// What the vendor wants of the server beside the licences.
struct Terms {
    std::int64_t contact_h = 0;         ///< hours between words of the vendor; 0: none needed
    std::int64_t dongle_grace_s = 600;  ///< how long leases go on without the token
    std::vector<std::string> hosts;     ///< whom the server may ask
};

/// What binds a key to one machine and one licence server.
struct Activation {
    std::string request_id;
    int slot = 0;
    std::int64_t at_s = 0;
    TraitDigests traits;
    os::PublicKey server;  ///< its identity, by which it signs leases
};

/// What a key says.
struct KeyContent {
    std::string head;    ///< for people; names the customer
    std::string id;      ///< of this file; another revision has another
    std::string serial;  ///< capitals, digits and dashes
    std::int64_t revision = 1;
    std::int64_t issued_s = 0;
    KeyKind kind = KeyKind::soft;
    std::string product;
    BindingPolicy policy;
    Terms terms;
    std::optional<DongleCredential> token;  ///< of kind token, and of no other
    std::vector<LicenceLine> lines;
    std::vector<PinSlot> slots;
    std::optional<Activation> activation;
};

inline constexpr std::size_t kSerialMax = 40;
/// 4 to kSerialMax capitals, digits and dashes, no dash first.
bool is_serial(std::string_view text);

/// A key whose signatures hold.
struct KeyFile {
    KeyContent content;
    std::string text;                     ///< the whole file, as it was read
    std::vector<os::Certificate> chain;   ///< the issuer first; without the root
    std::vector<std::string> line_texts;  ///< each licence's line with its signature
    std::string seal;                     ///< the seal line; empty if the key is not bound
    std::string dongle;                   ///< the dongle's line, of kind token

    const std::string& issuer_id() const { return chain.front().key_id(); }
    const PinSlot* slot(int number) const;
};

/// Reads a key and believes nothing before its signatures hold: chain to the root (judged at the
/// instant of issue), END over all bytes, each licence, the seal, the product in the certificates.
/// Errors, each naming the line and what to do: too_large, wrong_version, key_damaged, key_foreign.
/// `now` plays no part: whether a licence has expired is asked of its line.
base::Result<KeyFile> read_key(std::string_view text, const os::Certificate& root);

/// The file. Its issuer is the first of the chain, whose key this must be.
/// Errors: bad_field (content that read_key would refuse), too_large.
base::Result<std::string> write_key(const KeyContent& content,
                                    std::span<const os::Certificate> chain,
                                    const os::SigningKey& issuer);

/// A line "X <base64>" each. Errors: key_damaged, key_foreign (none, or too many).
base::Result<std::vector<os::Certificate>> read_chain(const SealedText& sealed);

}  // namespace tillhost::licd::keys
