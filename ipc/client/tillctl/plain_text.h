#pragma once

#include <string>
#include <string_view>

namespace tillhost::tillctl {

/// The text with "?" in place of each control character but line ends and tabs, and of each byte
/// that is no UTF-8. What devices and their USB descriptors say of themselves may be anything, and
/// a terminal would obey it.
std::string plain_text(std::string_view text);

}  // namespace tillhost::tillctl
