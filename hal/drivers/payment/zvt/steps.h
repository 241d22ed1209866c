#pragma once

#include <cstdint>
#include <string_view>

#include "ipc/contract/messages.h"

namespace tillhost::drivers::zvt {

/// What 04 FF shows (PA00P015 3.7), in words; empty for a step that this driver does not know.
std::string_view step_text(std::uint8_t step);
contract::PromptKind prompt_of(std::uint8_t step);

}  // namespace tillhost::drivers::zvt
