#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tillhost::drivers::manual {

/// What the person at the terminal is told to do, the whole of this driver's protocol:
/// "charge 12.50 EUR".
std::string task(std::string_view what, std::int64_t amount_minor, std::string_view currency);

}  // namespace tillhost::drivers::manual
