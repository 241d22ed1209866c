#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulators/fiscal/shtrih/link.h"
#include "simulators/fiscal/shtrih/registrar.h"

namespace tillhost::simulators::shtrih {

/// A patient host on virtual time, as the tests of the simulator need one. It is no driver: it
/// speaks in hexadecimal.
class Host {
public:
    using Keys = std::vector<std::pair<std::string, std::string>>;

    explicit Host(ShtrihOptions options = {}) : options_(std::move(options)) {
        if (!options_.store) {
            options_.store = std::make_shared<MemoryFiscalStore>();
        }
        remake();
    }

    /// The simulator's process ends and another one starts on the same memory.
    void remake() {
        device_.reset();
        auto made = make_shtrih_registrar(options_);
        ASSERT_TRUE(made) << base::to_text(made.error());
        device_ = std::move(*made);
    }

    FiscalSimulator& device() { return *device_; }
    os::Instant now() const { return now_; }

    /// Everything the device says within `wait` after these bytes.
    std::string say(std::string_view hex, os::Duration wait = std::chrono::milliseconds(200)) {
        device_->receive(*base::from_hex(hex), now_);
        return base::to_hex(listen(wait));
    }
    base::Bytes listen(os::Duration wait) {
        base::Bytes said = device_->take_output();
        const os::Instant end = now_ + wait;
        while (device_->next_event() && *device_->next_event() <= end) {
            device_->advance(*device_->next_event());
            const base::Bytes more = device_->take_output();
            said.insert(said.end(), more.begin(), more.end());
        }
        now_ = end;
        device_->advance(now_);
        return said;
    }

    /// One command through the whole link procedure: the answer's message, or "" if none came.
    std::string ask(std::string_view message_hex) {
        const base::Bytes frame = encode_frame(*base::from_hex(message_hex));
        const std::string said = say(base::to_hex(frame));
        if (!said.starts_with("06 02 ")) {
            return "";
        }
        const base::Bytes answer = *base::from_hex(said.substr(3));
        const auto message = decode_frame(answer);
        say("06", std::chrono::milliseconds(0));
        return message ? base::to_hex(*message) : "";
    }
    /// As ask(), and waits until the paper stands still.
    std::string done(std::string_view message_hex) {
        const std::string answer = ask(message_hex);
        listen(std::chrono::seconds(5));
        return answer;
    }

    void fault(std::string_view name, const Keys& keys = {}) {
        const auto parsed = parse_fault(name, keys);
        ASSERT_TRUE(parsed) << base::to_text(parsed.error());
        const auto injected = device_->inject(*parsed, now_);
        ASSERT_TRUE(injected) << base::to_text(injected.error());
    }

private:
    ShtrihOptions options_;
    std::unique_ptr<FiscalSimulator> device_;
    os::Instant now_{};
};

// Messages by the system administrator (password 30).
inline constexpr std::string_view kOpenShift = "E0 1E 00 00 00";
inline constexpr std::string_view kCloseShift = "41 1E 00 00 00";
inline constexpr std::string_view kOpenSale = "8D 1E 00 00 00 00";
inline constexpr std::string_view kCancel = "88 1E 00 00 00";
inline constexpr std::string_view kSubtotal = "89 1E 00 00 00";
inline constexpr std::string_view kShortStatus = "10 1E 00 00 00";
inline constexpr std::string_view kStorageStatus = "FF 01 1E 00 00 00";
/// 2 x 49.90 "Молоко 1л"
inline constexpr std::string_view kMilk =
    "FF 46 1E 00 00 00 01 80 84 1E 00 00 00 7E 13 00 00 00 FF FF FF FF FF FF FF FF FF FF 01 01 04 "
    "01 CC EE EB EE EA EE 20 31 EB";
/// 0.485 x 310.00 = 150.35 "Сыр"
inline constexpr std::string_view kCheese =
    "FF 46 1E 00 00 00 01 88 66 07 00 00 00 18 79 00 00 00 BB 3A 00 00 00 FF FF FF FF FF 02 01 04 "
    "01 D1 FB F0";

/// FF45h with cash and electronic sums in kopecks, general tax system.
inline std::string close_message(std::int64_t cash, std::int64_t electronic,
                                 std::uint8_t rounding = 0) {
    base::ByteWriter writer;
    writer.u8(0xFF).u8(0x45).u32_le(30);
    writer.uint_le(static_cast<std::uint64_t>(cash), 5);
    writer.uint_le(static_cast<std::uint64_t>(electronic), 5);
    writer.fill(base::byte(0), 70).u8(rounding).fill(base::byte(0), 30).u8(1);
    return base::to_hex(writer.bytes());
}

}  // namespace tillhost::simulators::shtrih
