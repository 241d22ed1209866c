#pragma once

#include <vector>

#include "hal/device/frame_decoder.h"

namespace tillhost::drivers::zvt {

/// Explains messages as they stand on TCP, serial frames and their control bytes
/// (device::FrameDecoder). Card data and passwords are named and not shown.
std::vector<device::DecodedField> decode(base::ByteView bytes, device::Sender sender);

}  // namespace tillhost::drivers::zvt
