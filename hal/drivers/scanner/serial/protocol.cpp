#include "hal/drivers/scanner/serial/protocol.h"

#include <algorithm>
#include <array>
#include <utility>

#include "hal/codec/aim.h"

namespace tillhost::drivers::serial {
namespace {

using base::Bytes;
using base::ByteView;

struct SuffixRow {
    std::string_view word;
    Suffix suffix;
    std::string_view bytes;
};

constexpr std::array kSuffixes{
    SuffixRow{"none", Suffix::none, ""}, SuffixRow{"cr", Suffix::cr, "\r"},
    SuffixRow{"lf", Suffix::lf, "\n"},   SuffixRow{"crlf", Suffix::crlf, "\r\n"},
    SuffixRow{"tab", Suffix::tab, "\t"}, SuffixRow{"etx", Suffix::etx, "\x03"},
};

Bytes ending_of(Suffix suffix) {
    for (const SuffixRow& row : kSuffixes) {
        if (row.suffix == suffix) {
            return base::bytes_of(row.bytes);
        }
    }
    return {};
}

bool ends_with(ByteView bytes, ByteView tail) {
    return bytes.size() >= tail.size() &&
           std::equal(tail.begin(), tail.end(),
                      bytes.end() - static_cast<std::ptrdiff_t>(tail.size()));
}

/// Words, one of 06 (done), 15h (wrong value), 05 (unknown), a full stop or an exclamation mark:
/// what Honeywell's menu answers on the wire of the codes.
bool is_menu_reply(ByteView frame) {
    constexpr std::array kAnswers{std::byte{0x06}, std::byte{0x15}, std::byte{0x05}};
    if (frame.size() < 2) {
        return false;
    }
    const char last = static_cast<char>(frame.back());
    const std::byte answer = frame[frame.size() - 2];
    return (last == '.' || last == '!') &&
           std::find(kAnswers.begin(), kAnswers.end(), answer) != kAnswers.end();
}

std::optional<unsigned> hex_digit(char letter) {
    if (letter >= '0' && letter <= '9') {
        return static_cast<unsigned>(letter - '0');
    }
    const char lower = static_cast<char>(letter | 0x20);
    if (lower >= 'a' && lower <= 'f') {
        return static_cast<unsigned>(lower - 'a') + 10;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Suffix> suffix_from(std::string_view word) {
    for (const SuffixRow& row : kSuffixes) {
        if (row.word == word) {
            return row.suffix;
        }
    }
    return std::nullopt;
}

Framer::Framer(Framing framing)
    : framing_(std::move(framing)), ending_(ending_of(framing_.suffix)) {}

void Framer::add(ByteView bytes) {
    const std::size_t bytes_max =
        kPrefixBytesMax + codec::kAimBytes + kCodeBytesMax + ending_.size();
    for (const std::byte byte : bytes) {
        ++begun_;
        if (frame_.size() == bytes_max) {
            // Too long: only its end still matters, where the suffix may begin.
            frame_.erase(frame_.begin(),
                         frame_.end() - static_cast<std::ptrdiff_t>(ending_.size()));
        }
        frame_.push_back(byte);
        if (!ending_.empty() && ends_with(frame_, ending_)) {
            frame_.resize(frame_.size() - ending_.size());
            begun_ -= ending_.size();
            finish();
        }
    }
}

void Framer::finish() {
    const Bytes frame = std::exchange(frame_, {});
    const std::size_t size = std::exchange(begun_, 0);
    if (size == 0) {
        return;
    }
    const ByteView prefix(framing_.prefix);
    const bool prefixed =
        frame.size() > prefix.size() && std::equal(prefix.begin(), prefix.end(), frame.begin());
    if (size != frame.size() || !prefixed) {
        ++dropped_;
        return;
    }
    whole_.emplace_back(frame.begin() + static_cast<std::ptrdiff_t>(prefix.size()), frame.end());
}

void Framer::quiet() {
    if (ending_.empty()) {
        finish();
    } else {
        drop_half();
    }
}

void Framer::drop_half() {
    dropped_ += begun_ > 0 ? 1 : 0;
    frame_.clear();
    begun_ = 0;
}

void Framer::clear() {
    frame_.clear();
    begun_ = 0;
    whole_.clear();
}

std::optional<Bytes> Framer::take() {
    if (whole_.empty()) {
        return std::nullopt;
    }
    Bytes frame = std::move(whole_.front());
    whole_.pop_front();
    return frame;
}

std::optional<Code> read_code(ByteView frame, AimMode mode) {
    const bool looks = mode != AimMode::off;
    codec::AimParts parts = looks ? codec::split_aim(frame) : codec::AimParts{{}, frame};
    if (parts.aim.empty() && (mode == AimMode::on || is_menu_reply(frame))) {
        return std::nullopt;
    }
    if (codec::aim_says_reply(parts.aim) || parts.data.empty() ||
        parts.data.size() > kCodeBytesMax) {
        return std::nullopt;
    }
    return Code{std::move(parts.aim), Bytes(parts.data.begin(), parts.data.end())};
}

base::Result<Bytes> unescape(std::string_view text) {
    Bytes bytes;
    while (!text.empty()) {
        if (text.front() != '\\') {
            bytes.push_back(static_cast<std::byte>(text.front()));
            text.remove_prefix(1);
            continue;
        }
        if (text.starts_with("\\\\")) {
            bytes.push_back(std::byte{'\\'});
            text.remove_prefix(2);
            continue;
        }
        const auto high = text.size() >= 4 ? hex_digit(text[2]) : std::nullopt;
        const auto low = text.size() >= 4 ? hex_digit(text[3]) : std::nullopt;
        if (!text.starts_with("\\x") || !high || !low) {
            return base::bad_field("prefix", "\\xHH for a byte, \\\\ for a backslash");
        }
        bytes.push_back(base::byte(*high * 16 + *low));
        text.remove_prefix(4);
    }
    return bytes;
}

}  // namespace tillhost::drivers::serial
