#include "simulators/payment/zvt/link.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tillhost::simulators::zvt {
namespace {

using base::Bytes;
using base::ByteView;

constexpr std::byte kDle{0x10}, kStx{0x02}, kEtx{0x03}, kAck{0x06}, kNak{0x15};
constexpr std::size_t kBeginBytes = 2, kCrcBytes = 2;
constexpr std::size_t kEmptyFrameBytes = 6;  // 10 02, 10 03, CRC
/// Later than that, the same frame is a new one: T2 and the time that a frame takes.
constexpr os::Duration kRepeatWindow = kAckTimeout + std::chrono::seconds(1);

std::uint16_t crc_step(std::uint16_t crc, std::byte byte) {
    constexpr unsigned kPolynomial = 0x8408;
    unsigned value = crc ^ base::to_unsigned(byte);
    for (int bit = 0; bit < 8; ++bit) {
        value = (value & 1U) != 0 ? value >> 1U ^ kPolynomial : value >> 1U;
    }
    return static_cast<std::uint16_t>(value);
}

Bytes frame_of(ByteView apdu, bool stuffed) {
    base::ByteWriter writer;
    writer.u8(base::to_unsigned(kDle)).u8(base::to_unsigned(kStx));
    for (const std::byte byte : apdu) {
        writer.u8(base::to_unsigned(byte));
        if (byte == kDle && stuffed) {
            writer.u8(base::to_unsigned(kDle));
        }
    }
    writer.u8(base::to_unsigned(kDle)).u8(base::to_unsigned(kEtx)).u16_le(crc_of(apdu));
    return writer.take();
}

class TcpTracker final : public FrameTracker {
public:
    Step feed(std::byte byte) override {
        Step step{.begins = head_.empty() && left_ == 0, .frame = true};
        if (left_ > 0) {
            step.ends = --left_ == 0;
            return step;
        }
        head_.push_back(byte);
        if (const auto length = apdu_length(head_)) {
            head_.clear();
            left_ = length->data;
            step.ends = left_ == 0;
        }
        return step;
    }
    void reset() override {
        head_.clear();
        left_ = 0;
    }

private:
    Bytes head_;
    std::size_t left_ = 0;
};

class SerialTracker final : public FrameTracker {
public:
    Step feed(std::byte byte) override {
        if (!inside_) {
            inside_ = byte == kDle;
            escape_ = false;
            begun_ = false;
            return {.begins = true, .ends = !inside_, .frame = inside_};
        }
        if (crc_left_ > 0) {
            inside_ = --crc_left_ > 0;
            return {.ends = !inside_, .frame = true};
        }
        if (!begun_) {
            begun_ = true;  // the STX
        } else if (escape_) {
            escape_ = false;
            crc_left_ = byte == kEtx ? static_cast<int>(kCrcBytes) : 0;
        } else {
            escape_ = byte == kDle;
        }
        return {.frame = true};
    }
    void reset() override {
        inside_ = false;
        crc_left_ = 0;
    }

private:
    bool inside_ = false;
    bool begun_ = false;
    bool escape_ = false;
    int crc_left_ = 0;
};

}  // namespace

std::uint16_t crc_of(ByteView apdu) {
    std::uint16_t crc = 0;
    for (const std::byte byte : apdu) {
        crc = crc_step(crc, byte);
    }
    return crc_step(crc, kEtx);
}

Bytes encode_frame(ByteView apdu) { return frame_of(apdu, true); }

std::optional<Bytes> decode_frame(ByteView frame) {
    if (frame.size() < kEmptyFrameBytes || frame[0] != kDle || frame[1] != kStx) {
        return std::nullopt;
    }
    const ByteView tail = frame.last(kEmptyFrameBytes - kBeginBytes);
    if (tail[0] != kDle || tail[1] != kEtx) {
        return std::nullopt;
    }
    Bytes apdu;
    const ByteView stuffed = frame.subspan(kBeginBytes, frame.size() - kEmptyFrameBytes);
    for (std::size_t i = 0; i < stuffed.size(); ++i) {
        if (stuffed[i] == kDle && (++i == stuffed.size() || stuffed[i] != kDle)) {
            return std::nullopt;
        }
        apdu.push_back(stuffed[i]);
    }
    base::ByteReader crc(tail.last(kCrcBytes));
    return crc.u16_le() == crc_of(apdu) ? std::optional(apdu) : std::nullopt;
}

std::optional<Apdu> Link::take_apdu() {
    if (received_.empty()) {
        return std::nullopt;
    }
    Apdu first = std::move(received_.front());
    received_.pop_front();
    return first;
}

void TcpLink::receive(ByteView bytes, os::Instant /*now*/) {
    input_.insert(input_.end(), bytes.begin(), bytes.end());
    for (auto length = apdu_length(input_); length && input_.size() >= length->head + length->data;
         length = apdu_length(input_)) {
        const std::size_t size = length->head + length->data;
        if (const auto apdu = decode_apdu(ByteView(input_).first(size))) {
            received_.push_back(*apdu);
        }
        input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(size));
    }
}

void TcpLink::send(const Bytes& apdu, os::Instant /*now*/) {
    output_.insert(output_.end(), apdu.begin(), apdu.end());
}

void TcpLink::reset() {
    input_.clear();
    output_.clear();
    received_.clear();
    failed_ = false;
}

void SerialLink::receive(ByteView bytes, os::Instant now) {
    advance(now);
    for (const std::byte byte : bytes) {
        feed(byte, now);
    }
}

void SerialLink::feed(std::byte byte, os::Instant now) {
    if (frame_.empty() && byte != kDle) {
        control(byte, now);
        return;
    }
    last_byte_ = now;
    frame_.push_back(byte);
    if (frame_.size() > kFrameBytesMax || (frame_.size() == kBeginBytes && byte != kStx)) {
        frame_.clear();
        return;
    }
    if (crc_bytes_left_ > 0) {
        if (--crc_bytes_left_ == 0) {
            finish_frame(now);
        }
    } else if (frame_.size() > kBeginBytes && escape_) {
        escape_ = false;
        crc_bytes_left_ = byte == kEtx ? static_cast<int>(kCrcBytes) : 0;
    } else if (frame_.size() > kBeginBytes) {
        escape_ = byte == kDle;
    }
}

void SerialLink::finish_frame(os::Instant now) {
    const Bytes frame = std::exchange(frame_, {});
    const auto apdu_bytes = decode_frame(frame);
    const auto apdu = apdu_bytes ? decode_apdu(*apdu_bytes) : std::nullopt;
    if (!apdu || refuse_ > 0) {
        refuse_ -= apdu ? 1 : 0;
        output_.push_back(kNak);
        return;
    }
    output_.push_back(kAck);
    // A link sends a frame kSendsMax times; one more is another host that begins anew.
    const bool repeat =
        frame == last_frame_ && now - last_frame_at_ <= kRepeatWindow && repeats_ + 1 < kSendsMax;
    repeats_ = repeat ? repeats_ + 1 : 0;
    last_frame_ = frame;
    last_frame_at_ = now;
    if (!repeat) {
        received_.push_back(*apdu);
    }
}

void SerialLink::control(std::byte byte, os::Instant now) {
    if (queue_.empty() || sends_ == 0) {
        return;
    }
    if (byte == kAck) {
        queue_.pop_front();
        sends_ = 0;
        last_frame_.clear();  // the host heard us: the same frame again is a new one
        transmit(now);
    } else if (byte == kNak) {
        try_again(now);
    }
}

void SerialLink::try_again(os::Instant now) {
    if (sends_ < kSendsMax) {
        transmit(now);
        return;
    }
    queue_.clear();
    sends_ = 0;
    failed_ = true;
}

void SerialLink::transmit(os::Instant now) {
    if (queue_.empty()) {
        return;
    }
    const Bytes frame = frame_of(queue_.front(), unstuffed_ <= 0);
    unstuffed_ -= unstuffed_ > 0 ? 1 : 0;
    output_.insert(output_.end(), frame.begin(), frame.end());
    ++sends_;
    ack_by_ = now + kAckTimeout;
}

void SerialLink::advance(os::Instant now) {
    if (!frame_.empty() && now - last_byte_ >= kByteTimeout) {
        frame_.clear();
        escape_ = false;
        crc_bytes_left_ = 0;
        output_.push_back(kNak);
    }
    if (sends_ > 0 && ack_by_ <= now) {
        try_again(now);
    }
}

std::optional<os::Instant> SerialLink::next_event() const {
    std::optional<os::Instant> next;
    if (!frame_.empty()) {
        next = last_byte_ + kByteTimeout;
    }
    if (sends_ > 0 && (!next || ack_by_ < *next)) {
        next = ack_by_;
    }
    return next;
}

void SerialLink::send(const Bytes& apdu, os::Instant now) {
    if (queue_.size() >= kSendQueueMax) {
        return;
    }
    queue_.push_back(apdu);
    if (sends_ == 0) {
        transmit(now);
    }
}

void SerialLink::reset() {
    frame_.clear();
    escape_ = false;
    crc_bytes_left_ = 0;
    last_frame_.clear();
    queue_.clear();
    sends_ = 0;
    output_.clear();
    received_.clear();
    failed_ = false;
}

std::unique_ptr<FrameTracker> make_tcp_tracker() { return std::make_unique<TcpTracker>(); }
std::unique_ptr<FrameTracker> make_serial_tracker() { return std::make_unique<SerialTracker>(); }

}  // namespace tillhost::simulators::zvt
