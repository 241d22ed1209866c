#include "hal/codec/checksum.h"

namespace tillhost::codec {

std::byte lrc_of(base::ByteView bytes) {
    std::byte sum{0};
    for (std::byte value : bytes) {
        sum ^= value;
    }
    return sum;
}

}  // namespace tillhost::codec
