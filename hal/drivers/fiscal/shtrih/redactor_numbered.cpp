#include "hal/drivers/fiscal/shtrih/redactor_numbered.h"

#include <algorithm>

#include "hal/codec/checksum.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ByteView;
using transport::kHidden;
using Bytes = std::span<std::byte>;

constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kNumberBytes = 2;
constexpr std::size_t kHeadBytes = kLengthBytes + kNumberBytes;
constexpr std::size_t kChecksumBytes = 2;

/// What begins with 8F, as far as a device would read it.
struct Read {
    base::Bytes plain;               ///< LEN, NUM, message, CRC without stuffing
    std::vector<std::size_t> place;  ///< of each of them on the line, and of the end
    bool whole = false;              ///< as many bytes as LEN says
    bool more = false;               ///< it ends because the bytes do

    std::size_t extent() const { return place.back(); }
    bool has_message() const { return plain.size() > kHeadBytes + kChecksumBytes; }
    std::size_t checksum_at() const { return plain.size() - kChecksumBytes; }
};

bool is_stuffed(std::byte second) { return second == kStuffedStart || second == kStuffedStuffing; }

Read read(ByteView line) {
    Read frame;
    std::size_t i = 1;
    std::size_t missing = kLengthBytes;
    while (missing > 0 && i < line.size() && line[i] != kNumberedStart) {
        frame.place.push_back(i);
        if (line[i] != kStuffing) {
            frame.plain.push_back(line[i++]);
        } else if (i + 1 == line.size()) {
            frame.plain.push_back(line[i]);
            break;
        } else if (!is_stuffed(line[i + 1])) {
            // A start within is left to begin its own frame.
            frame.place.push_back(line[i + 1] == kNumberedStart ? i + 1 : i + 2);
            return frame;
        } else {
            frame.plain.push_back(line[i + 1] == kStuffedStart ? kNumberedStart : kStuffing);
            i += 2;
        }
        --missing;
        if (frame.plain.size() == kLengthBytes) {
            const std::size_t length =
                base::to_unsigned(frame.plain[0]) | base::to_unsigned(frame.plain[1]) << 8U;
            if (length == 1 || length > kNumberBytes + kNumberedMessageBytesMax) {
                frame.place.push_back(i);
                return frame;
            }
            missing = length + kChecksumBytes;
        }
    }
    frame.whole = missing == 0;
    const bool half_pair = i + 1 == line.size() && line[i] == kStuffing && !frame.whole;
    frame.more = !frame.whole && (i == line.size() || half_pair);
    frame.place.push_back(frame.more ? line.size() : i);
    return frame;
}

/// Hides one byte of the message, which stands on the line as one or two.
void hide(Bytes line, std::size_t at, std::size_t end) {
    if (end - at == 1) {
        line[at] = kHidden;
    } else if (is_stuffed(line[at + 1])) {
        line[at + 1] = kStuffedStuffing;
    } else {  // what made it damaged stays damage
        line[at + 1] = kHidden;
    }
}

std::size_t sent_bytes(std::uint16_t checksum) {
    const auto of = [](unsigned value) {
        const std::byte one = base::byte(value & 0xFFU);
        return one == kNumberedStart || one == kStuffing ? 2U : 1U;
    };
    return of(checksum) + of(checksum >> 8U);
}

void write_checksum(Bytes line, std::uint16_t checksum) {
    std::size_t i = 0;
    for (const unsigned value : {checksum & 0xFFU, static_cast<unsigned>(checksum >> 8U)}) {
        const std::byte one = base::byte(value);
        if (one == kNumberedStart || one == kStuffing) {
            line[i++] = kStuffing;
            line[i++] = one == kStuffing ? kStuffedStuffing : kStuffedStart;
        } else {
            line[i++] = one;
        }
    }
}

/// Hidden bytes that may become any other without changing the number of bytes: two of fields, or
/// where there are none, of words.
std::vector<std::size_t> free_bytes(const Read& frame, const std::vector<Secret>& secrets) {
    constexpr std::size_t kEnough = 2;
    std::vector<std::size_t> found;
    for (const Secret kind : {Secret::field, Secret::word}) {
        for (std::size_t i = kHeadBytes; found.size() < kEnough && i < frame.checksum_at(); ++i) {
            const bool single = frame.place[i + 1] - frame.place[i] == 1;
            if (single && secrets[frame.place[i]] == kind) {
                found.push_back(i);
            }
        }
        if (!found.empty()) {
            break;
        }
    }
    return found;
}

/// Gives a frame whose secrets are hidden a checksum that fits and has its old number of bytes.
/// False if there is none.
bool fit_checksum(Bytes line, const std::vector<Secret>& secrets) {
    constexpr unsigned kTriesMax = 0x1'0000;  // two free bytes give every checksum there is
    Read frame = read(line);
    const auto free = free_bytes(frame, secrets);
    const std::size_t at = frame.place[frame.checksum_at()];
    const unsigned tries = free.empty() ? 1 : free.size() == 1 ? 0x100 : kTriesMax;
    for (unsigned value = 0; value < tries; ++value) {
        bool plain = true;
        for (std::size_t i = 0; i < free.size(); ++i) {
            const std::byte one = kHidden ^ base::byte(value >> (8U * i) & 0xFFU);
            plain = plain && one != kNumberedStart && one != kStuffing;
            frame.plain[free[i]] = one;
            line[frame.place[free[i]]] = one;
        }
        const std::uint16_t checksum =
            codec::crc16_ccitt_of(ByteView(frame.plain).first(frame.checksum_at()));
        if (plain && sent_bytes(checksum) == frame.extent() - at) {
            write_checksum(line.subspan(at), checksum);
            return true;
        }
    }
    return false;
}

/// Leaves of a damaged frame its length and number, which a reader needs to go wrong the same way.
void hide_damaged(Bytes line, const Read& frame) {
    for (std::size_t i = kHeadBytes; i + 1 < frame.place.size(); ++i) {
        hide(line, frame.place[i], frame.place[i + 1]);
    }
    if (frame.whole && decode_numbered(line)) {  // as wrong as it was
        std::byte& last = line.back();
        last = last == kHidden ? kHidden ^ std::byte{1} : kStuffedStart;
    }
}

}  // namespace

std::size_t NumberedRedactor::settle(transport::Way way, Bytes rest, bool complete) {
    const Read frame = read(rest);
    if (frame.more && !complete) {
        return 0;
    }
    const Bytes line = rest.first(frame.extent());
    bool sound = frame.whole && decode_numbered(line);
    if (sound && frame.has_message()) {
        const ByteView message =
            ByteView(frame.plain).subspan(kHeadBytes, frame.checksum_at() - kHeadBytes);
        const auto secrets = finder_.find(
            way, {line, frame.place[kHeadBytes], frame.place[frame.checksum_at()], message});
        for (std::size_t i = kHeadBytes; i < frame.checksum_at(); ++i) {
            if (secrets[frame.place[i]] != Secret::no) {
                hide(line, frame.place[i], frame.place[i + 1]);
            }
        }
        sound = fit_checksum(line, secrets);
    }
    seen_ = seen_ || sound;
    behind_damage_ = seen_ && !sound;
    if (sound) {
        return line.size();
    }
    if (!seen_) {
        rest.front() = kHidden;
        return 1;
    }
    hide_damaged(line, frame);
    return line.size();
}

}  // namespace tillhost::drivers::shtrih
