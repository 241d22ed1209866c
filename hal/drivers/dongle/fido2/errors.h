#pragma once

#include <cstdint>

#include "hal/base/error.h"

namespace tillhost::drivers::fido2 {

/// What a status byte of CTAP2 other than 00 means; the byte is the error's device_code. The dongle
/// has refused in words: it did not act.
base::Error status_error(std::uint8_t status);

/// What CTAPHID's ERROR says of a message (FIDO, CTAP 2.1, section 11.2.9.1.6). It was not carried
/// out.
enum class LineError : std::uint8_t {
    wrong_command = 0x01,
    wrong_length = 0x03,
    wrong_sequence = 0x04,
    timeout = 0x05,
    busy = 0x06,
    locked = 0x0A,
    wrong_channel = 0x0B,
    other = 0x7F,
};
base::Error line_error(LineError error);

}  // namespace tillhost::drivers::fido2
