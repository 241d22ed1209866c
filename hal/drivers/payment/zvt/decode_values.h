#pragma once

#include <cstdint>
#include <string>

#include "hal/drivers/payment/zvt/fields.h"

namespace tillhost::drivers::zvt {

// The words of decode.cpp.

/// "04 0F result": the number and what it means.
std::string command_text(std::uint16_t code);
/// Whether the command's data begin with three bytes of password.
bool has_password(std::uint16_t code);

enum class Number { byte, result, status, step, currency };
/// A number of one or two bytes; empty where there is none.
std::string text_of(Number kind, base::ByteView bytes);

std::string bitmap_text(const Bitmap& bitmap);
std::string tag_name(std::uint32_t tag);
std::string tag_text(std::uint32_t tag);
std::string tag_value(std::uint32_t tag, base::ByteView value);
/// Whether the value is of a card or a person, or of no known meaning.
bool is_secret_tag(std::uint32_t tag);

}  // namespace tillhost::drivers::zvt
