#include "simulators/fiscal/shtrih/variant2.h"

#include <algorithm>
#include <utility>

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::size_t kNumberBytes = 2, kLengthBytes = 2, kCrcBytes = 2;
constexpr std::byte kStuffedStx{0x81}, kStuffedEscape{0x83};

base::Error damaged(std::string_view what) {
    return base::make_error(base::ErrorCode::frame_damaged, std::string(what));
}

void put_stuffed(base::Bytes& frame, base::ByteView bytes) {
    for (const std::byte byte : bytes) {
        if (byte == kStx2 || byte == kEscape) {
            frame.push_back(kEscape);
            frame.push_back(byte == kStx2 ? kStuffedStx : kStuffedEscape);
        } else {
            frame.push_back(byte);
        }
    }
}

/// Nothing if a pair is wrong.
std::optional<std::byte> unstuffed(std::byte byte) {
    if (byte == kStuffedStx) {
        return kStx2;
    }
    return byte == kStuffedEscape ? std::optional(kEscape) : std::nullopt;
}

/// Of LEN, NUM, DATA and CRC without stuffing.
base::Result<Frame2> decode_body(base::ByteView body) {
    base::ByteReader reader(body);
    const std::size_t length = reader.u16_le();
    if (reader.failed() || length == 1 || length > kData2BytesMax + kNumberBytes ||
        body.size() != kLengthBytes + length + kCrcBytes) {
        return damaged("length");
    }
    const std::uint16_t crc = crc16_of(body.first(body.size() - kCrcBytes));
    Frame2 frame;
    frame.ping = length == 0;
    frame.number = frame.ping ? std::uint16_t{0} : reader.u16_le();
    const base::ByteView data = reader.take(frame.ping ? 0 : length - kNumberBytes);
    if (reader.u16_le() != crc) {
        return damaged("CRC");
    }
    frame.data.assign(data.begin(), data.end());
    return frame;
}

}  // namespace

std::uint16_t crc16_of(base::ByteView bytes) {
    constexpr unsigned kPolynomial = 0x1021, kTop = 0x8000;
    unsigned crc = 0xFFFF;
    for (const std::byte byte : bytes) {
        crc ^= base::to_unsigned(byte) << 8;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & kTop) != 0 ? (crc << 1) ^ kPolynomial : crc << 1;
        }
        crc &= 0xFFFFU;
    }
    return static_cast<std::uint16_t>(crc);
}

base::Bytes encode_frame2(const Frame2& frame) {
    const std::size_t kept = std::min(frame.data.size(), kData2BytesMax);
    base::ByteWriter body;
    if (frame.ping) {
        body.u16_le(0);
    } else {
        body.u16_le(kept + kNumberBytes).u16_le(frame.number);
        body.raw(base::ByteView(frame.data).first(kept));
    }
    body.u16_le(crc16_of(body.bytes()));
    base::Bytes whole{kStx2};
    put_stuffed(whole, body.bytes());
    return whole;
}

base::Result<Frame2> decode_frame2(base::ByteView frame) {
    if (frame.empty() || frame[0] != kStx2) {
        return damaged("no 8F in front");
    }
    base::Bytes body;
    for (std::size_t i = 1; i < frame.size(); ++i) {
        std::byte byte = frame[i];
        if (byte == kStx2) {
            return damaged("a bare 8F within");
        }
        if (byte == kEscape) {
            const auto meant = ++i < frame.size() ? unstuffed(frame[i]) : std::nullopt;
            if (!meant) {
                return damaged("a wrong pair behind 9F");
            }
            byte = *meant;
        }
        body.push_back(byte);
    }
    return decode_body(body);
}

void Variant2::receive(std::byte byte, os::Instant now) {
    advance(now);
    if (executing_) {
        return;
    }
    if (byte == kStx2) {
        received_.assign(1, byte);
        escaped_ = false;
        due_ = now + options_.byte_timeout;
        return;
    }
    if (received_.empty()) {
        return;
    }
    due_ = now + options_.byte_timeout;
    if (!escaped_ && byte == kEscape) {
        escaped_ = true;
        return;
    }
    const auto meant = escaped_ ? unstuffed(byte) : std::optional(byte);
    escaped_ = false;
    if (!meant) {
        received_.clear();
        return due_.reset();
    }
    received_.push_back(*meant);
    if (received_.size() < 1 + kLengthBytes) {
        return;
    }
    const std::size_t length = base::to_unsigned(received_[1]) | base::to_unsigned(received_[2])
                                                                     << 8;
    if (length == 1 || length > kData2BytesMax + kNumberBytes) {
        received_.clear();
        return due_.reset();
    }
    if (received_.size() == 1 + kLengthBytes + length + kCrcBytes) {
        const auto frame = decode_body(base::ByteView(received_).subspan(1));
        received_.clear();
        due_.reset();
        if (frame) {
            on_frame(*frame, now);
        }
    }
}

void Variant2::on_frame(const Frame2& frame, os::Instant now) {
    if (refuse_ > 0) {
        --refuse_;
        return;
    }
    const auto next = static_cast<std::uint16_t>(number_ + 1U);
    if (frame.ping || frame.data.empty() || frame.number != next) {
        return say_again();
    }
    command_ = frame;
    executing_ = true;
    due_ = now + executor_.time_of(command_.data);
}

void Variant2::say_again() {
    const base::Bytes frame = answer_ ? *answer_ : encode_frame2({.number = number_});
    output_.insert(output_.end(), frame.begin(), frame.end());
}

void Variant2::advance(os::Instant now) {
    if (!due_ || *due_ > now) {
        return;
    }
    due_.reset();
    if (!executing_) {
        received_.clear();  // the rest of the frame did not come in time
        escaped_ = false;
        return;
    }
    executing_ = false;
    const auto answer = executor_.execute(command_.data, now);
    if (!answer) {
        return;
    }
    number_ = command_.number;
    answer_ = encode_frame2({.number = number_, .data = *answer});
    say_again();
}

base::Bytes Variant2::take_output() { return std::exchange(output_, {}); }

void Variant2::reset() {
    received_.clear();
    escaped_ = false;
    executing_ = false;
    due_.reset();
    output_.clear();
    set_number(kFirstNumber);
}

void Variant2::set_number(std::uint16_t number) {
    number_ = number;
    answer_.reset();
}

}  // namespace tillhost::simulators::shtrih
