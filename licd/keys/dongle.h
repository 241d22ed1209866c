#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "hal/os/p256.h"
#include "hal/os/signature.h"
#include "licd/keys/fields.h"

// The dongle of a key of kind token: its line in the key (T), and its word on which licence server
// it is plugged in at (D), by which a program believes that server without an answer of the vendor.
// Formats: docs/formats/licence-key.md, licence-lease.md. Pure.
namespace tillhost::licd::keys {

inline constexpr std::size_t kRelyingPartyBytesMax = 253;
inline constexpr std::size_t kCredentialBytesMax = 1023;
inline constexpr std::size_t kAaguidBytes = 16;
inline constexpr std::size_t kNonceBytes = 32;
/// authenticatorData of an assertion: hash of the relying party, flags, counter; extensions are not
/// asked for, so that more than a few bytes behind them is none of ours.
inline constexpr std::size_t kAssertionBytesMin = 37;
inline constexpr std::size_t kAssertionBytesMax = 256;

/// How old the word of a dongle may be when a program is lent something: the longest grace (72 h)
/// and a day for clocks that differ.
inline constexpr std::int64_t kDongleWordAgeMaxS = 4 * 86'400;
/// How far the server's clock may be ahead of the program's.
inline constexpr std::int64_t kDongleWordAheadMaxS = 86'400;

/// A credential on a dongle (FIDO2, ES256), as the vendor enrolled it.
struct DongleCredential {
    std::string rp;  ///< relying party: a name of the vendor's
    base::Bytes credential;
    os::P256PublicKey key;
    std::array<std::byte, kAaguidBytes> aaguid{};  ///< make and model
    friend bool operator==(const DongleCredential&, const DongleCredential&) = default;
};
/// 1 to 253 lower-case letters, digits, dots and dashes.
bool is_relying_party(std::string_view text);

/// T: the credential, and what a program must know of the key that it is in.
struct DongleLine {
    DongleCredential dongle;
    std::string product;
    std::int64_t issued_s = 0;
};
/// Of a line without its signature. Errors: key_damaged; wrong_version (another algorithm, or an
/// unknown critical field).
base::Result<DongleLine> read_dongle_line(std::string_view text, std::size_t line_number);
std::string write_dongle_line(const DongleLine& line);

/// What the dongle signs for a server at a time. The nonce is the server's, so that nothing that
/// was signed before answers it.
struct DongleQuestion {
    std::string serial;  ///< of the key
    os::PublicKey server;
    std::int64_t at_s = 0;
    base::Bytes nonce;
    /// The text whose SHA-256 is the clientDataHash.
    std::string text() const;
    base::Bytes hash() const;
};

/// A question with the dongle's answer.
struct DongleWord {
    os::PublicKey server;
    std::int64_t at_s = 0;
    base::Bytes nonce;
    base::Bytes data;  ///< authenticatorData
    base::Bytes signature;
};
/// The line "D …". Errors: key_damaged, wrong_version.
base::Result<DongleWord> read_dongle_word(std::string_view line);
std::string write_dongle_word(const DongleWord& word);

/// Whether the credential signed this for the key of that serial. Errors: key_foreign, saying what
/// is not right: another relying party, a signature that is not the dongle's.
base::Done check_dongle_word(const DongleCredential& dongle, std::string_view serial,
                             const DongleWord& word);
/// signCount; of data that was checked.
std::uint32_t counter_of(base::ByteView assertion);

/// Whether a word is young enough to be believed, by the program's clock. Errors: key_foreign.
base::Done check_word_age(std::int64_t at_s, std::int64_t now_s);

}  // namespace tillhost::licd::keys
