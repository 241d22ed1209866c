#include "hal/drivers/scanner/hid_pos/descriptor.h"

#include <algorithm>
#include <array>

namespace tillhost::drivers::hid_pos {
namespace {

/// Item tags without their size bits (tables of 6.2.2.4, 6.2.2.7 and 6.2.2.8).
enum Tag : std::uint8_t {
    input = 0x80,
    collection = 0xA0,
    output = 0x90,
    feature = 0xB0,
    end_collection = 0xC0,
    usage_page = 0x04,
    report_size = 0x74,
    report_id = 0x84,
    report_count = 0x94,
    push = 0xA4,
    pop = 0xB4,
    usage = 0x08,
    usage_minimum = 0x18,
    usage_maximum = 0x28,
};

constexpr std::uint8_t kLongItem = 0xFE;
constexpr std::uint8_t kTagMask = 0xFC;
constexpr std::uint32_t kConstantBit = 0x01;
constexpr std::size_t kUsagesMax = 1024;
constexpr std::size_t kStackMax = 16;
constexpr std::size_t kReportIds = 256;

struct Global {
    std::uint16_t page = 0;
    std::uint32_t size = 0;
    std::uint32_t count = 0;
    std::uint8_t report = 0;
};

struct Usage {
    std::uint16_t page;
    std::uint16_t usage;
};

class Parser final {
public:
    std::vector<InputField> parse(base::ByteView bytes) {
        base::ByteReader reader(bytes);
        while (reader.left() > 0) {
            const std::uint8_t prefix = reader.u8();
            if (prefix == kLongItem) {
                const std::size_t size = reader.u8();
                reader.take(size + 1);  // its tag; none is defined
            } else {
                constexpr std::array<std::size_t, 4> kSizes{0, 1, 2, 4};
                const std::size_t size = kSizes.at(prefix & 0x03U);
                const std::uint64_t value = size == 0 ? 0 : reader.uint_le(size);
                if (!reader.failed()) {
                    item(prefix & kTagMask, static_cast<std::uint32_t>(value), size);
                }
            }
            if (reader.failed()) {
                break;
            }
        }
        return std::move(fields_);
    }

private:
    void item(std::uint8_t tag, std::uint32_t value, std::size_t size) {
        switch (tag) {
            case usage_page: now_.page = static_cast<std::uint16_t>(value); break;
            case report_size: now_.size = value; break;
            case report_count: now_.count = value; break;
            case report_id: now_.report = static_cast<std::uint8_t>(value); break;
            case push:
                if (stack_.size() < kStackMax) {
                    stack_.push_back(now_);
                }
                break;
            case pop:
                if (!stack_.empty()) {
                    now_ = stack_.back();
                    stack_.pop_back();
                }
                break;
            case usage: add_usage(value, size); break;
            case usage_minimum: minimum_ = value; break;
            case usage_maximum: add_range(value, size); break;
            case input:
                add_input(value);
                usages_.clear();
                break;
            case output:
            case feature:
            case collection:
            case end_collection: usages_.clear(); break;
            default: break;  // bounds, units, strings: nothing that moves a bit
        }
    }

    /// Four bytes bring their own page.
    Usage usage_of(std::uint32_t value, std::size_t size) const {
        const auto page = size == 4 ? static_cast<std::uint16_t>(value >> 16) : now_.page;
        return {page, static_cast<std::uint16_t>(value)};
    }
    void add_usage(std::uint32_t value, std::size_t size) {
        if (usages_.size() < kUsagesMax) {
            usages_.push_back(usage_of(value, size));
        }
    }
    void add_range(std::uint32_t maximum, std::size_t size) {
        for (std::uint64_t one = minimum_; one <= maximum && usages_.size() < kUsagesMax; ++one) {
            add_usage(static_cast<std::uint32_t>(one), size);
        }
    }

    void add_input(std::uint32_t flags) {
        std::uint32_t& bits = bits_.at(now_.report);
        const std::uint64_t whole = std::uint64_t{now_.size} * now_.count;
        const std::uint32_t begin = bits;
        bits = static_cast<std::uint32_t>(std::min<std::uint64_t>(bits + whole, kReportBitsMax));
        if ((flags & kConstantBit) != 0 || usages_.empty() || now_.size == 0 ||
            begin + whole > kReportBitsMax) {
            return;
        }
        const std::size_t named = std::min<std::size_t>(usages_.size(), now_.count);
        for (std::size_t i = 0; i < named && fields_.size() < kFieldsMax; ++i) {
            // The last usage stands for all values that are left.
            const std::uint32_t values =
                i + 1 == named ? now_.count - static_cast<std::uint32_t>(i) : 1;
            fields_.push_back({now_.report, usages_[i].page, usages_[i].usage,
                               begin + static_cast<std::uint32_t>(i) * now_.size, now_.size,
                               values});
        }
    }

    Global now_;
    std::vector<Global> stack_;
    std::vector<Usage> usages_;
    std::uint32_t minimum_ = 0;
    std::array<std::uint32_t, kReportIds> bits_{};
    std::vector<InputField> fields_;
};

}  // namespace

std::vector<InputField> input_fields(base::ByteView descriptor) {
    return Parser().parse(descriptor);
}

}  // namespace tillhost::drivers::hid_pos
