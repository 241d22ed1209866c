#pragma once

#include <cstdint>

#include "hal/drivers/fiscal/shtrih/protocol.h"

namespace tillhost::drivers::shtrih {

/// An answer's error byte as an error of ours (errors.def), with device_code and the reaction of
/// the code's row in hal/base/error.def.
base::Error refusal(Command command, std::uint8_t device_code);

/// What the registrar's error means, for people.
std::string_view text_of_device_code(std::uint8_t device_code);

/// True if the error is the device's own word, not trouble of the line.
bool is_refusal(const base::Error& error);

inline constexpr std::uint8_t kErrorUnknownCommand = 0x37;
inline constexpr std::uint8_t kErrorDocumentOpen = 0x4A;
inline constexpr std::uint8_t kErrorStillPrinting = 0x50;
inline constexpr std::uint8_t kErrorWrongPassword = 0x4F;
inline constexpr std::uint8_t kErrorNoDocument = 0x55;
inline constexpr std::uint8_t kErrorOtherOperator = 0x59;

}  // namespace tillhost::drivers::shtrih
