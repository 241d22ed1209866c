#include "hal/drivers/fiscal/shtrih/link_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tillhost::drivers::shtrih {
namespace {

using base::Done;
using base::ErrorCode;
using base::Result;

/// Bytes taken from the line at once.
constexpr std::size_t kReadBytes = 512;
/// Junk that is thrown away before a question; a line that never stops talking is no registrar.
constexpr std::size_t kDrainBytesMax = 64 * 1024;
/// So many bytes of a stranger are shown.
constexpr std::size_t kHeardBytesMax = 8;

}  // namespace

base::Error with_effect(base::Error error, int sends, bool heard_anything) {
    if (error.code == ErrorCode::deadline_passed && !heard_anything) {
        error = base::make_error(ErrorCode::no_answer, "the registrar is silent");
    }
    if (sends > 0) {
        error.effect = base::Effect::unknown;
        error.reaction = base::Reaction::reconnect;
    }
    return error;
}

Result<std::optional<std::byte>> LinkLine::next_byte(os::Deadline until) {
    if (looked_at_ == taken_.size()) {
        const bool late = clock_.now() >= until;
        if (std::exchange(was_late_, late) && late) {
            return std::optional<std::byte>();
        }
        std::array<std::byte, kReadBytes> buffer;
        const auto count = line_.read(buffer, until);
        if (!count && count.error().code == ErrorCode::deadline_passed) {
            return std::optional<std::byte>();
        }
        if (!count) {
            return count.error();
        }
        taken_.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*count));
        looked_at_ = 0;
        note(taken_);
    }
    return std::optional<std::byte>(taken_[looked_at_++]);
}

Done LinkLine::write(base::ByteView bytes, os::Deadline deadline) {
    return line_.write(bytes, deadline);
}

Done LinkLine::rest(os::Instant until) {
    forget_taken();
    std::array<std::byte, kReadBytes> buffer;
    while (clock_.now() < until) {
        const auto count = line_.read(buffer, until);
        if (!count && count.error().code != ErrorCode::deadline_passed) {
            return count.error();
        }
    }
    return {};
}

Done LinkLine::drain() {
    forget_taken();
    std::array<std::byte, kReadBytes> buffer;
    for (std::size_t total = 0; total < kDrainBytesMax;) {
        const auto count = line_.read(buffer, clock_.now());
        if (!count) {
            return count.error().code == ErrorCode::deadline_passed ? Done() : count.error();
        }
        note(base::ByteView(buffer).first(*count));
        total += *count;
    }
    return unanswered("the line is full of junk");
}

base::Error LinkLine::unanswered(std::string_view what) const {
    if (heard_.empty()) {
        return base::make_error(ErrorCode::no_answer, std::string(what));
    }
    return base::make_error(ErrorCode::frame_damaged,
                            fmt::format("{}; what came is no frame of it: {}. Another speed, or "
                                        "another device",
                                        what, base::to_hex(heard_)));
}

void LinkLine::note(base::ByteView bytes) {
    const std::size_t room = kHeardBytesMax - heard_.size();
    const base::ByteView first = bytes.first(std::min(room, bytes.size()));
    heard_.insert(heard_.end(), first.begin(), first.end());
}

void LinkLine::forget_taken() {
    taken_.clear();
    looked_at_ = 0;
    was_late_ = false;
}

}  // namespace tillhost::drivers::shtrih
