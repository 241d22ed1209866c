#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hal/base/bytes.h"

namespace tillhost::device {

/// Who sent the bytes that are to be explained; with `unknown` the decoder guesses frame by frame.
enum class Sender { unknown, host, device };

/// One thing that a decoder found in the bytes, for people.
struct DecodedField {
    std::size_t offset = 0;  ///< from the first byte given
    std::size_t length = 0;
    std::string name;     ///< "password", "sum", "checksum"
    std::string value;    ///< in words; empty where the name says all
    std::string problem;  ///< what is wrong with it; empty if nothing is
};

/// Names every byte of a piece of a line's traffic: frames and control bytes in any number, whole
/// or damaged, with junk between them. Total; the fields come in the order of their offsets and
/// leave no byte out.
using FrameDecoder = std::vector<DecodedField> (*)(base::ByteView bytes, Sender sender);

}  // namespace tillhost::device
