#include "simulators/fiscal/shtrih/variant1.h"

#include <algorithm>
#include <utility>

#include "simulators/core/checksum.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::size_t kMessageBytesMax = 255;
constexpr std::size_t kFrameExtraBytes = 3;  // STX, length, LRC

}  // namespace

base::Bytes encode_frame(base::ByteView message) {
    const base::ByteView body = message.subspan(0, std::min(message.size(), kMessageBytesMax));
    base::ByteWriter frame;
    frame.u8(base::to_unsigned(kStx)).u8(body.size()).raw(body);
    frame.u8(base::to_unsigned(xor_of(base::ByteView(frame.bytes()).subspan(1))));
    return frame.take();
}

base::Result<base::ByteView> decode_frame(base::ByteView frame) {
    const auto damaged = [](std::string_view what) {
        return base::make_error(base::ErrorCode::frame_damaged, std::string(what));
    };
    if (frame.size() <= kFrameExtraBytes || frame[0] != kStx) {
        return damaged("no STX, length and LRC");
    }
    if (base::to_unsigned(frame[1]) + kFrameExtraBytes != frame.size()) {
        return damaged("length");
    }
    if (xor_of(frame.subspan(1)) != std::byte{0}) {
        return damaged("LRC");
    }
    return frame.subspan(2, frame.size() - kFrameExtraBytes);
}

void Variant1::receive(std::byte byte, os::Instant now) {
    advance(now);
    switch (state_) {
        case State::idle: return on_idle(byte, now);
        case State::receive: return on_frame_byte(byte, now);
        case State::prepare:
            if (byte == kEnq) {
                say(kAck);
            }
            return;
        case State::wait_confirm: return on_confirm(byte);
        case State::wait_enq:
            if (byte == kEnq) {
                say(kAck);
                send_answer(now);
            }
            return;
    }
}

void Variant1::on_idle(std::byte byte, os::Instant now) {
    if (byte == kStx) {
        frame_.assign(1, byte);
        become(State::receive, now + options_.byte_timeout);
    } else if (byte != std::byte{0} && byte != kTcpFiller) {
        say(kNak);
    }
}

void Variant1::on_frame_byte(std::byte byte, os::Instant now) {
    frame_.push_back(byte);
    due_ = now + options_.byte_timeout;
    if (frame_.size() < 2 || frame_.size() < base::to_unsigned(frame_[1]) + kFrameExtraBytes) {
        return;
    }
    if (!decode_frame(frame_) || refuse_ > 0) {
        refuse_ -= refuse_ > 0 ? 1 : 0;
        say(kNak);
        return become(State::idle);
    }
    say(kAck);
    become(State::prepare, now + executor_.time_of(*decode_frame(frame_)));
}

void Variant1::on_confirm(std::byte byte) {
    if (byte != kAck) {
        return become(State::wait_enq);
    }
    answer_.clear();
    become(State::idle);
    if (options_.tcp) {
        say(kTcpFiller);
    }
}

void Variant1::send_answer(os::Instant now) {
    output_.insert(output_.end(), answer_.begin(), answer_.end());
    become(State::wait_confirm, now + options_.confirm_timeout);
}

void Variant1::advance(os::Instant now) {
    if (!due_ || *due_ > now) {
        return;
    }
    switch (state_) {
        case State::receive: return become(State::idle);
        case State::wait_confirm: return become(State::wait_enq);
        case State::prepare: {
            const auto answer = executor_.execute(*decode_frame(frame_), now);
            if (!answer) {
                return become(State::idle);
            }
            answer_ = encode_frame(*answer);
            return send_answer(now);
        }
        case State::idle:
        case State::wait_enq: break;
    }
    due_.reset();
}

base::Bytes Variant1::take_output() { return std::exchange(output_, {}); }

void Variant1::reset() {
    answer_.clear();
    frame_.clear();
    output_.clear();
    become(State::idle);
}

}  // namespace tillhost::simulators::shtrih
