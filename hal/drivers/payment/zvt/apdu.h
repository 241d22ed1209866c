#pragma once

#include <cstdint>
#include <optional>

#include "hal/base/bytes.h"

namespace tillhost::drivers::zvt {

/// Two bytes in front of every message: 0x0601 is 06 01. PA00P015 chapters 2 and 3.
enum class Command : std::uint16_t {
    set_till_clock = 0x0401,
    input_request = 0x040D,
    menu_request = 0x040E,
    result = 0x040F,  ///< "status information": the outcome of a payment
    intermediate = 0x04FF,
    status_enquiry = 0x0501,
    registration = 0x0600,
    authorisation = 0x0601,
    log_off = 0x0602,
    graphic_request = 0x060D,
    completion = 0x060F,
    abort_of_terminal = 0x061E,
    repeat_receipt = 0x0620,
    reversal = 0x0630,
    refund = 0x0631,
    end_of_day = 0x0650,
    diagnosis = 0x0670,
    initialisation = 0x0693,
    abort_of_till = 0x06B0,
    print_line = 0x06D1,
    print_block = 0x06D3,
    accepted = 0x8000,
};

/// A message's head: class and instruction, 1 byte of length, or FF and 2 bytes, little-endian
/// (PA00P015 2.1). Inside of a TLV container lengths are big-endian.
inline constexpr std::size_t kHeadBytes = 3;
inline constexpr std::size_t kLongHeadBytes = 5;
inline constexpr std::size_t kApduBytesMax = kLongHeadBytes + 0xFFFF;

/// One message without its head.
struct Apdu {
    std::uint16_t code = 0;  ///< class and instruction; one of Command where it is known
    base::Bytes data;

    bool is(Command command) const { return code == static_cast<std::uint16_t>(command); }
    /// 80 xx and 84 xx: the answer to a command. Nothing else begins so.
    bool is_response() const { return code >> 8 == 0x80 || code >> 8 == 0x84; }
    /// 80 00, and 84 00, which means the same.
    bool is_acceptance() const { return code == 0x8000 || code == 0x8400; }
    std::uint8_t instruction() const { return static_cast<std::uint8_t>(code & 0xFF); }

    friend bool operator==(const Apdu&, const Apdu&) = default;
};

base::Bytes encode_apdu(std::uint16_t code, base::ByteView data);
base::Bytes encode_apdu(Command command, base::ByteView data);

/// How many bytes the message that begins here has in all; nothing while its head is not whole.
std::optional<std::size_t> apdu_length(base::ByteView bytes);

/// Exactly one message. Errors: frame_damaged, saying which bytes are too many or missing.
base::Result<Apdu> decode_apdu(base::ByteView bytes);

}  // namespace tillhost::drivers::zvt
