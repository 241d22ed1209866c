#include "hal/drivers/fiscal/shtrih/redactor.h"

#include <algorithm>
#include <array>

#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/redactor_numbered.h"
#include "hal/drivers/fiscal/shtrih/secrets.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ByteView;
using transport::kHidden;
using transport::Way;
using Bytes = std::span<std::byte>;

constexpr std::size_t kHeadBytes = 2;

void hide(Bytes bytes) { std::fill(bytes.begin(), bytes.end(), kHidden); }

/// Whether a whole frame with a right checksum begins here.
bool is_sound_frame(ByteView bytes) {
    if (bytes.size() < kHeadBytes || bytes[0] != kStx) {
        return false;
    }
    const std::size_t whole = base::to_unsigned(bytes[1]) + kFrameOverheadBytes;
    return bytes.size() >= whole && decode_frame(bytes.first(whole)).has_value();
}

std::byte sum_of(ByteView bytes) {
    std::byte sum{};
    for (const std::byte byte : bytes) {
        sum ^= byte;
    }
    return sum;
}

/// A damaged frame of the standard layer; returns how far it reaches.
std::size_t hide_damaged(Bytes rest, std::size_t whole) {
    std::size_t extent = std::min(whole == 0 ? rest.size() : whole, rest.size());
    for (std::size_t i = 1; i < extent; ++i) {
        extent = is_sound_frame(rest.subspan(i)) ? i : extent;
    }
    const bool has_sum = extent == whole;
    const std::size_t head = std::min(kHeadBytes, extent);
    const Bytes inner = rest.subspan(head, extent - head);
    const std::byte before = sum_of(inner);
    const std::byte sum = inner.empty() ? std::byte{} : inner.back();
    hide(inner);
    if (has_sum && !inner.empty()) {  // as wrong as it was
        inner.back() = sum;
        inner.back() = sum ^ before ^ sum_of(inner);
    }
    return extent;
}

class ShtrihRedactor final : public transport::Redactor {
public:
    std::size_t settle(Way way, Bytes bytes, bool complete) override {
        NumberedRedactor& numbered = numbered_[way == Way::to_device ? 0 : 1];
        std::size_t at = 0;
        while (at < bytes.size()) {
            const Bytes rest = bytes.subspan(at);
            const std::size_t taken =
                rest.front() == kNumberedStart ? numbered.settle(way, rest, complete)
                : numbered.behind_damage()     ? hide_one(rest)
                                               : settle_standard(way, rest, complete);
            if (taken == 0) {
                break;
            }
            at += taken;
        }
        return at;
    }

private:
    static std::size_t hide_one(Bytes rest) {
        rest.front() = kHidden;
        return 1;
    }

    /// Returns how many bytes are settled; 0 if more of the frame must come.
    std::size_t settle_standard(Way way, Bytes rest, bool complete) {
        const std::byte first = rest.front();
        if (first != kStx) {
            const bool control = first == kEnq || first == kAck || first == kNak || first == kFill;
            return control ? 1 : hide_one(rest);
        }
        const std::size_t whole =
            rest.size() < kHeadBytes ? 0 : base::to_unsigned(rest[1]) + kFrameOverheadBytes;
        if (!complete && (whole == 0 || rest.size() < whole)) {
            return 0;
        }
        if (!is_sound_frame(rest)) {
            return hide_damaged(rest, whole);
        }
        const Bytes frame = rest.first(whole);
        const std::byte before = sum_of(frame);
        const std::size_t end = whole - 1;
        const auto secrets = finder_.find(
            way, {frame, kHeadBytes, end, ByteView(frame).subspan(kHeadBytes, end - kHeadBytes)});
        for (std::size_t i = 0; i < whole; ++i) {
            frame[i] = secrets[i] == Secret::no ? frame[i] : kHidden;
        }
        frame.back() ^= before ^ sum_of(frame);
        return whole;
    }

    SecretFinder finder_;
    std::array<NumberedRedactor, 2> numbered_{NumberedRedactor(finder_), NumberedRedactor(finder_)};
};

}  // namespace

std::unique_ptr<transport::Redactor> make_redactor() { return std::make_unique<ShtrihRedactor>(); }

}  // namespace tillhost::drivers::shtrih
