#include "sumpd/store/new_uuid.h"

#include <fmt/format.h>

#include "hal/os/random.h"

namespace tillhost::sumpd::store {

std::string new_uuid() {
    const std::uint64_t high = (os::random_u64() & ~0xF000ULL) | 0x4000ULL;
    const std::uint64_t low = (os::random_u64() & ~(3ULL << 62U)) | (1ULL << 63U);
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xFFFFU,
                       high & 0xFFFFU, low >> 48U, low & 0xFFFF'FFFF'FFFFULL);
}

}  // namespace tillhost::sumpd::store
