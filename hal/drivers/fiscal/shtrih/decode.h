#pragma once

#include <vector>

#include "hal/device/frame_decoder.h"

namespace tillhost::drivers::shtrih {

/// Explains bytes of the standard link layer (device::FrameDecoder). Where the sender is not told,
/// a frame is a request if its layout as one takes exactly the bytes that it has.
std::vector<device::DecodedField> decode(base::ByteView bytes, device::Sender sender);

}  // namespace tillhost::drivers::shtrih
