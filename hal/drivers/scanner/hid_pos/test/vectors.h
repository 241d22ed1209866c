#pragma once

#include <string>
#include <string_view>

#include "hal/base/bytes.h"

// Reports of scanners as hex. Published ones stand in HenkVanAsselt/python_hon_usbhid, README; the
// others are derived from the same layout.
namespace tillhost::drivers::hid_pos {

/// Derived: a descriptor of the usual layout.
inline constexpr std::string_view kUsualDescriptor =
    "05 8C 09 02 A1 01 09 12 A1 02 85 02 15 00 26 FF 00 75 08 95 01 05 01 09 3B 81 02 05 8C 95 03 "
    "09 FB 09 FC 09 FD 81 02 09 FE 95 38 82 02 01 06 66 FF 09 04 95 01 81 02 09 05 81 02 05 8C 09 "
    "FF 25 01 75 01 81 02 75 07 81 03 C0 09 14 A1 02 85 04 75 01 95 08 19 5F 29 66 91 02 C0 C0";

/// Derived: report id 01, no length, the flag directly behind 40 bytes of data.
inline constexpr std::string_view kOtherDescriptor =
    "05 8C 09 02 A1 01 85 01 15 00 26 FF 00 75 08 95 03 19 FB 29 FD 81 02 09 FE 95 28 81 02 09 FF "
    "75 01 95 01 81 02 95 07 81 03 C0";

/// Published: the first report of the reply to REVINF, continued.
inline constexpr std::string_view kReplyBegins =
    "02 38 5D 58 30 50 72 6F 64 75 63 74 20 4E 61 6D 65 3A 20 56 6F 79 61 67 65 72 20 31 36 30 32 "
    "67 0D 0A 42 6F 6F 74 20 52 65 76 69 73 69 6F 6E 3A 20 3A 20 38 39 39 32 0D 0A 53 6F 66 74 3F "
    "00 01";

/// So many zero bytes, each with a blank before it.
inline std::string zeros(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += " 00";
    }
    return text;
}
/// Published: its last part, not continued.
inline std::string reply_ends() {
    return "02 09 5D 58 30 75 6D 3A 20 4E 2F 41 0D 0A" + zeros(47) + " 3F 00 00";
}
/// Published: the acknowledgement of REVINF.
inline std::string reply_acknowledged() {
    return "02 08 5D 5A 36 52 45 56 49 4E 46 06 2E" + zeros(48) + " 36 00 00";
}
/// Derived: EAN-13 4607001234562.
inline std::string ean13() {
    return "02 0D 5D 45 30 34 36 30 37 30 30 31 32 33 34 35 36 32" + zeros(43) + " 64 00 00";
}
/// The marking code of wiki.courierexe.ru, 85 bytes.
inline constexpr std::string_view kMarkingHead =
    "30 31 30 32 39 30 30 30 30 32 33 31 37 37 30 31 32 31 6B 33 4C 49 6E 4E 62 48 5F 6F 47 30 51 "
    "1D 39 31 45 45 30 36 1D 39 32 59 58 69 79 4B 66 69 48 6A 45 34 59 45 38 62";
inline constexpr std::string_view kMarkingTail =
    "2B 59 56 4D 43 31 4F 35 72 38 56 74 70 70 6C 41 33 41 77 63 43 71 72 63 47 39 44 6B 3D";
/// Derived: its two reports.
inline std::string marking_begins() {
    return "02 38 5D 64 32 " + std::string(kMarkingHead) + " 77 00 01";
}
inline std::string marking_ends() {
    return "02 1D 5D 64 32 " + std::string(kMarkingTail) + zeros(27) + " 77 00 00";
}

inline base::Bytes bytes_in(std::string_view hex) { return *base::from_hex(hex); }

}  // namespace tillhost::drivers::hid_pos
