#include "hal/drivers/dongle/fido2/descriptor.h"

#include <array>
#include <cstdint>

namespace tillhost::drivers::fido2 {
namespace {

constexpr std::uint64_t kPage = 0xF1D0;
constexpr std::uint64_t kUsage = 0x01;

// Items without their size bits (Device Class Definition for HID 1.11, section 6.2.2).
constexpr unsigned kTagMask = 0xFC;
constexpr unsigned kUsagePageItem = 0x04;
constexpr unsigned kUsageItem = 0x08;
constexpr unsigned kCollectionItem = 0xA0;
constexpr unsigned kMainBits = 0x0C;  // both clear: a main item, which ends local ones
constexpr unsigned kLongItem = 0xFE;

}  // namespace

bool is_token(base::ByteView descriptor) {
    constexpr std::array<std::size_t, 4> kSizes{0, 1, 2, 4};
    base::ByteReader rest(descriptor);
    std::uint64_t page = 0;
    std::uint64_t usage = 0;
    while (rest.left() > 0 && !rest.failed()) {
        const unsigned prefix = rest.u8();
        if (prefix == kLongItem) {
            rest.take(std::size_t{rest.u8()} + 1);
            continue;
        }
        const std::size_t size = kSizes.at(prefix & 0x03U);
        const std::uint64_t value = size == 0 ? 0 : rest.uint_le(size);
        const unsigned tag = prefix & kTagMask;
        if (tag == kUsagePageItem) {
            page = value;
        } else if (tag == kUsageItem) {
            // One of four bytes brings its own page.
            usage = size == 4 ? value : page << 16U | value;
        } else if (tag == kCollectionItem && usage == (kPage << 16U | kUsage)) {
            return !rest.failed();
        } else if ((tag & kMainBits) == 0) {
            usage = 0;
        }
    }
    return false;
}

}  // namespace tillhost::drivers::fido2
