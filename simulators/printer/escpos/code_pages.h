#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tillhost::simulators::escpos {

/// The code page that stands under a number of ESC t where a model has the usual ones: 437, 850,
/// 852, 858, 866, 1250, 1251, 1252.
std::optional<std::string_view> usual_code_page(std::uint8_t number);
/// Whether there is one of that name.
bool is_code_page(std::string_view name);
/// The character of a code; U+FFFD where the page has none, or where there is no such page.
char32_t character_of(std::string_view code_page, std::uint8_t code);

}  // namespace tillhost::simulators::escpos
