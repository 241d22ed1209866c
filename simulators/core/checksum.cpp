#include "simulators/core/checksum.h"

#include <array>

namespace tillhost::simulators {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value & 1) != 0 ? 0xEDB88320U ^ (value >> 1) : value >> 1;
        }
        table[i] = value;
    }
    return table;
}

constexpr auto kTable = make_table();

}  // namespace

std::byte xor_of(base::ByteView bytes) {
    std::byte sum{};
    for (const std::byte byte : bytes) {
        sum ^= byte;
    }
    return sum;
}

std::uint32_t crc32_of(base::ByteView bytes) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const std::byte byte : bytes) {
        crc = kTable[(crc ^ base::to_unsigned(byte)) & 0xFFU] ^ (crc >> 8);
    }
    return crc ^ 0xFFFFFFFFU;
}

}  // namespace tillhost::simulators
