#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"

// The AIM symbology identifier that a scanner may put in front of a code: "]", a letter for the
// kind of barcode, a modifier (ISO/IEC 15424; AIM tables of Datalogic QD2300, Motorola LS1203, Cino
// L780).
namespace tillhost::codec {

/// Length of an identifier.
inline constexpr std::size_t kAimBytes = 3;

/// Kind of barcode by its identifier.
enum class Symbology : std::uint8_t {
    unknown,  ///< no identifier
    ean13,    ///< EAN-13, and UPC-A and UPC-E told as 13 digits
    ean8,
    code39,
    code93,
    code128,
    itf,
    codabar,
    databar,
    composite,
    pdf417,
    qr,
    data_matrix,
    aztec,
    dot_code,
    other,
};

/// What a scanner sent, in two parts.
struct AimParts {
    std::string aim;      ///< "]d2"; empty if it does not begin with an identifier
    base::ByteView data;  ///< the rest of the same bytes, untouched
};

/// Takes an identifier off the front. One of a letter that no symbology has, or whose modifier is
/// neither digit nor letter, is none: then all bytes are data. Total.
AimParts split_aim(base::ByteView bytes);

/// `aim` as split_aim() gives it.
Symbology symbology_of(std::string_view aim);
/// Whether the identifier says that the data are GS1 element strings: ]C1 ]d2 ]d5 ]e0 ]J1 ]Q3 ]Q4.
bool aim_says_gs1(std::string_view aim);
/// Whether what came is the scanner's own word (]X, ]Z: replies to its menu), no code.
bool aim_says_reply(std::string_view aim);

/// EAN or UPC with an add-on of two or five digits in one message: "]E0", the code, "]E1" or "]E2",
/// the add-on (Cino L780). The data without that second identifier; any other data as they are.
base::Bytes join_add_on(std::string_view aim, base::ByteView data);

}  // namespace tillhost::codec
