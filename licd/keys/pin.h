#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/os/signature.h"

namespace tillhost::licd::keys {

inline constexpr int kSlotsMax = 50;  ///< PIN slots of a key

/// A PIN as it is printed for a customer: 16 characters of Crockford's base 32 in groups of four,
/// 70 bits that nobody can guess and 10 of check (the remainder by 1021), so that a slip of the
/// finger or two exchanged characters are told at once, without asking the vendor. It has no way
/// into a log: no operator<<, no formatter.
class Pin final {
public:
    /// Of 128 random bits 70 are taken.
    static Pin make(std::uint64_t random_high, std::uint64_t random_low);
    /// As a person typed it: any case, O for 0, I and L for 1, blanks and dashes anywhere.
    /// Errors: bad_field(pin), saying what is wrong with it.
    static base::Result<Pin> read(std::string_view text);

    /// "K7Q2-M0F3-ZT9X-W4PC", for whoever shall type it.
    std::string reveal() const;
    /// The key that the PIN stands for in one slot of one key. The blank key holds the public half,
    /// so that a server can tell a wrong PIN without the vendor; a request is signed by the secret
    /// half, so that the PIN itself never travels. 65,536 rounds of SHA-256, about 30 ms.
    os::SigningKey key_for(std::string_view serial, int slot) const;

private:
    explicit Pin(std::string content) : content_(std::move(content)) {}
    std::string content_;  // 14 characters
};

}  // namespace tillhost::licd::keys
