#pragma once

#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::escpos {

/// A barcode as commands, without its alignment. A printer prints nothing, and says nothing, where
/// a barcode is wider than its line or has a character that its kind lacks; here that is refused.
///
/// | symbology | payload | drawn |
/// | ean13, ean8, upc_a | 13, 8, 12 digits, or one less: the check digit is added | |
/// | code39 | digits, capitals, blank - . $ / + %, 1 to 43 | narrow to wide 1:3 |
/// | itf | digits, an even number, 2 to 80 | |
/// | codabar | A to D, digits and - $ : / . +, A to D | |
/// | code128 | ASCII 20h to 7Eh, 1 to 80 | set B |
/// | qr | UTF-8 without control characters but 1Dh, at most 2331 bytes | correction M |
/// | pdf417 | likewise, at most 800 bytes | the printer's own shape |
///
/// `width_dots` of the line. Without module_dots the largest of 3 (4 for QR) that fits is taken.
/// Errors: bad_field (`field`.payload, .height_dots, .module_dots), not_supported (another
/// symbology).
base::Result<base::Bytes> barcode(const contract::PrintBarcode& code, unsigned width_dots,
                                  std::string_view field);

}  // namespace tillhost::drivers::escpos
