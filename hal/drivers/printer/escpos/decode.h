#pragma once

#include <vector>

#include "hal/device/frame_decoder.h"

namespace tillhost::drivers::escpos {

/// Explains commands and answers (device::FrameDecoder). Text is named and not shown: it may be a
/// card terminal's slip. Where nobody says who sent the bytes, those that are all answers are the
/// printer's.
std::vector<device::DecodedField> decode(base::ByteView bytes, device::Sender sender);

}  // namespace tillhost::drivers::escpos
