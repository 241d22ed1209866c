#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

// What the readers and writers of messages share (protocol.cpp, service_messages.cpp).
namespace tillhost::drivers::shtrih {

/// Print flags: on the receipt tape.
inline constexpr std::uint8_t kPrintFlags = 0x02;

/// The value, unless the message ended before it did. Error: frame_damaged, naming what is cut.
template <class T>
base::Result<T> unless_cut(const base::ByteReader& reader, T value, std::string_view what) {
    if (reader.failed()) {
        return base::make_error(base::ErrorCode::frame_damaged, fmt::format("{} is cut", what));
    }
    return value;
}

}  // namespace tillhost::drivers::shtrih
