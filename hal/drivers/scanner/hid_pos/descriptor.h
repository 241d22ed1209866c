#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hal/base/bytes.h"

// The report descriptor of an HID device: which bits of a report mean what (Device Class Definition
// for HID 1.11, section 6.2.2).
namespace tillhost::drivers::hid_pos {

/// Fields that are kept; a descriptor with more is cut there.
inline constexpr std::size_t kFieldsMax = 512;
/// Bits of one report; what lies behind them is not kept.
inline constexpr std::uint32_t kReportBitsMax = 8 * 4096;

/// One usage of an input report.
struct InputField {
    std::uint8_t report = 0;  ///< report id; 0: the device numbers no reports
    std::uint16_t page = 0;
    std::uint16_t usage = 0;
    std::uint32_t bit = 0;    ///< from the first bit behind the report id
    std::uint32_t size = 0;   ///< bits of one value
    std::uint32_t count = 0;  ///< values of this usage, one behind the other
    friend bool operator==(const InputField&, const InputField&) = default;
};

/// The input fields of a descriptor, in its order; padding is left out. Bytes that are no
/// descriptor end the reading: what stood before them counts. Total.
std::vector<InputField> input_fields(base::ByteView descriptor);

}  // namespace tillhost::drivers::hid_pos
