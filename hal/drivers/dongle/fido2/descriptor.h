#pragma once

#include "hal/base/bytes.h"

namespace tillhost::drivers::fido2 {

/// Whether a HID report descriptor has a collection of usage page F1D0, usage 01 (FIDO, CTAP 2.1,
/// section 11.2.8.2). Total.
bool is_token(base::ByteView descriptor);

}  // namespace tillhost::drivers::fido2
