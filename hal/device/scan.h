#pragma once

#include <string_view>

#include "hal/base/bytes.h"
#include "ipc/contract/messages.h"

namespace tillhost::device {

/// Longest code (contract::Scan).
inline constexpr std::size_t kCodeBytesMax = 4096;

/// A code as programs get it. `code` goes on byte for byte (1 to kCodeBytesMax bytes); only the
/// second identifier of an add-on is taken out of it (codec/aim.h). `aim` is the identifier that
/// stood before it, or empty.
///
/// The text is the same where the bytes are UTF-8 without control characters; tab, line ends, EOT
/// and the separators 1C to 1F, which barcodes carry, are no hindrance. The element strings are
/// read where the identifier says GS1, or where there is none and a separator does.
contract::Scan scan_of(base::ByteView code, std::string_view aim);

}  // namespace tillhost::device
