#include "hal/codec/checksum.h"

namespace tillhost::codec {

std::byte lrc_of(base::ByteView bytes) {
    std::byte sum{0};
    for (std::byte value : bytes) {
        sum ^= value;
    }
    return sum;
}

std::uint16_t crc16_ccitt_of(base::ByteView bytes) {
    constexpr unsigned kPolynomial = 0x1021;
    constexpr unsigned kTopBit = 0x8000;
    unsigned rest = 0xFFFF;
    for (std::byte value : bytes) {
        rest ^= base::to_unsigned(value) << 8U;
        for (int bit = 0; bit < 8; ++bit) {
            rest = (rest & kTopBit) != 0 ? rest << 1U ^ kPolynomial : rest << 1U;
        }
        rest &= 0xFFFF;
    }
    return static_cast<std::uint16_t>(rest);
}

}  // namespace tillhost::codec
