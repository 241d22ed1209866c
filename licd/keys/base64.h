#pragma once

#include <string>
#include <string_view>

#include "hal/base/bytes.h"

namespace tillhost::licd::keys {

/// Base64 of RFC 4648 §4, with "=" at the end.
std::string to_base64(base::ByteView bytes);
/// Only the one text that to_base64 makes of the bytes is read: nothing else between, no bits left
/// over. Errors: bad_field(base64).
base::Result<base::Bytes> from_base64(std::string_view text);

}  // namespace tillhost::licd::keys
