#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/result.h"

namespace tillhost::ipc {

inline constexpr std::uint16_t kNetworkPort = 15210;  ///< of the encrypted endpoint, unless set
inline constexpr std::uint16_t kPairingPort = 15211;  ///< of the greeting, unless set

/// A pairing code as it is told to a person: 20 characters of Crockford's base 32, five a group.
/// 66 bits of SHA-256 over the host's public key, by which the workstation knows that it speaks to
/// the right host; 30 bits that only the host and the person know; 4 bits of check, so that a slip
/// of the finger is told at once and costs no try.
struct PairingCode {
    std::string key_part;  ///< the 66 bits, as '0' and '1'
    std::string secret;    ///< the 30, as 6 characters

    /// `random`: of which the low 30 bits are taken. Errors: bad_field (no key).
    static base::Result<PairingCode> make(std::string_view host_key, std::uint64_t random);
    /// As a person typed it: any case, O for 0, I and L for 1, blanks and dashes anywhere.
    /// Errors: bad_field(code), saying what is wrong with it.
    static base::Result<PairingCode> read(std::string_view text);

    std::string text() const;  ///< "K7Q2M-0F3ZT-9XW4A-PC8RD"
    /// Whether it is a code of the host that has this public key.
    bool is_of(std::string_view host_key) const;
};

/// What a host says to whoever connects to its pairing port while the door is open: one line, and
/// the end. Nothing is read from the other side.
struct PairingGreeting {
    std::string host_key;
    std::uint16_t port = 0;  ///< of the encrypted endpoint

    std::string line() const;
    /// Errors: malformed; wrong_version.
    static base::Result<PairingGreeting> read(std::string_view line);
};
inline constexpr std::size_t kPairingGreetingBytesMax = 96;

}  // namespace tillhost::ipc
