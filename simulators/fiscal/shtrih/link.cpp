#include "simulators/fiscal/shtrih/link.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr unsigned kCrcBytes = 2;

}  // namespace

void LinkLayer::choose(std::byte byte) {
    if (byte == kStx2 && options_.variant2) {
        choice_ = 2;
    } else if ((byte == kStx || byte == kEnq) && options_.variant1) {
        choice_ = 1;
    }
}

void LinkLayer::receive(std::byte byte, os::Instant now) {
    if (choose_anew_) {
        spoken().advance(now);
        if (spoken().idle()) {
            reset();
        }
    }
    if (choice_ == 0) {
        choose(byte);
        if (choice_ == 0 && !options_.variant1) {
            return;  // variant 2 knows no way to refuse
        }
    }
    spoken().receive(byte, now);
}

void LinkLayer::reset() {
    variant1_.reset();
    variant2_.reset();
    choice_ = 0;
    choose_anew_ = false;
}

void LinkLayer::refuse_frames(std::int64_t count) {
    variant1_.refuse_frames(count);
    variant2_.refuse_frames(count);
}

void LinkLayer::set_byte_timeout(os::Duration timeout) {
    variant1_.set_byte_timeout(timeout);
    variant2_.set_byte_timeout(timeout);
}

FrameTracker::Step LineTracker::within(bool ends) {
    in_ = ends ? In::nothing : in_;
    return {.begins = false, .ends = ends, .frame = true};
}

FrameTracker::Step LineTracker::feed(std::byte byte) {
    switch (in_) {
        case In::nothing: break;
        case In::variant1_length:
            in_ = In::variant1;
            left_ = base::to_unsigned(byte) + 1;  // and the LRC
            return within(false);
        case In::variant1: return within(--left_ == 0);
        case In::variant2_length:
        case In::variant2: return feed_variant2(byte);
    }
    const bool frame = byte == kStx || byte == kStx2;
    if (frame) {
        reset();
        in_ = byte == kStx ? In::variant1_length : In::variant2_length;
    }
    return {.begins = true, .ends = !frame, .frame = frame};
}

FrameTracker::Step LineTracker::feed_variant2(std::byte byte) {
    if (byte == kStx2) {  // the former one was cut short
        reset();
        in_ = In::variant2_length;
        return {.begins = true, .ends = false, .frame = true};
    }
    if (byte == kEscape && !escaped_) {
        escaped_ = true;
        return within(false);
    }
    constexpr std::byte kStuffedEscape{0x83};
    const std::byte meant = !escaped_ ? byte : byte == kStuffedEscape ? kEscape : kStx2;
    escaped_ = false;
    if (in_ == In::variant2) {
        return within(--left_ == 0);
    }
    length_ |= base::to_unsigned(meant) << (8 * seen_);
    if (++seen_ == 2) {
        in_ = In::variant2;
        left_ = length_ + kCrcBytes;
    }
    return within(false);
}

void LineTracker::reset() {
    in_ = In::nothing;
    left_ = 0;
    length_ = 0;
    seen_ = 0;
    escaped_ = false;
}

}  // namespace tillhost::simulators::shtrih
