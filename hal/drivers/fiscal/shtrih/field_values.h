#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"

namespace tillhost::drivers::shtrih {

/// How many bytes a kind of field takes (layouts.def); kRest: all that are left.
inline constexpr std::size_t kRest = static_cast<std::size_t>(-1);
std::size_t width_of(std::string_view kind);

/// A whole field in words. `bytes` has the kind's width.
std::string value_of(std::string_view kind, base::ByteView bytes);

}  // namespace tillhost::drivers::shtrih
