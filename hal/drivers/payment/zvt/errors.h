#pragma once

#include <cstdint>
#include <string_view>

#include "hal/base/result.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::zvt {

inline constexpr std::uint8_t kCodeWrongPin = 0x37;
inline constexpr std::uint8_t kCodeNotRegistered = 0x6B;
inline constexpr std::uint8_t kCodeCancelled = 0x6C;
inline constexpr std::uint8_t kCodeCurrency = 0x6F;
inline constexpr std::uint8_t kCodeNotPossible = 0x83;
inline constexpr std::uint8_t kCodeBusy = 0x9C;

/// A result code in words for a cashier (errors.def).
std::string_view text_of_code(std::uint8_t code);
/// The error of a refusal, effect none, with device_code. `said` is the terminal's own text.
base::Error refusal(std::uint8_t code, std::string_view said = {});

/// What a status code of 05 01 means (PA00P015 2.55), and the sentence for it.
contract::TerminalState state_of(std::uint8_t status);
std::string_view text_of_status(std::uint8_t status);

}  // namespace tillhost::drivers::zvt
