#include "hal/drivers/fiscal/shtrih/frames_numbered.h"

#include <fmt/format.h>

#include "hal/codec/checksum.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using base::ByteView;

constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kNumberBytes = 2;
constexpr std::size_t kChecksumBytes = 2;

std::size_t length_of(const Bytes& frame) {
    return base::to_unsigned(frame[0]) | base::to_unsigned(frame[1]) << 8U;
}

/// What is between the stuffing and the checksum, if both are right.
std::optional<NumberedFrame> read_whole(const Bytes& frame) {
    const ByteView summed = ByteView(frame).first(frame.size() - kChecksumBytes);
    base::ByteReader reader(frame);
    const std::size_t length = reader.u16_le();
    NumberedFrame read;
    if (length > 0) {
        read.number = reader.u16_le();
        const ByteView message = reader.take(length - kNumberBytes);
        read.message.assign(message.begin(), message.end());
    }
    const std::uint16_t checksum = reader.u16_le();
    if (reader.failed() || checksum != codec::crc16_ccitt_of(summed)) {
        return std::nullopt;
    }
    return read;
}

void stuff(ByteView bytes, Bytes& into) {
    for (const std::byte value : bytes) {
        if (value == kNumberedStart || value == kStuffing) {
            into.push_back(kStuffing);
            into.push_back(value == kStuffing ? kStuffedStuffing : kStuffedStart);
        } else {
            into.push_back(value);
        }
    }
}

}  // namespace

Bytes encode_numbered(const NumberedFrame& frame) {
    INVARIANT(frame.number || frame.message.empty());
    INVARIANT(frame.message.size() <= kNumberedMessageBytesMax);
    base::ByteWriter writer;
    writer.u16_le(frame.number ? kNumberBytes + frame.message.size() : 0);
    if (frame.number) {
        writer.u16_le(*frame.number).raw(frame.message);
    }
    writer.u16_le(codec::crc16_ccitt_of(writer.bytes()));
    Bytes line{kNumberedStart};
    stuff(writer.bytes(), line);
    return line;
}

base::Result<NumberedFrame> decode_numbered(ByteView bytes) {
    NumberedReader reader;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool starts = bytes[i] == kNumberedStart;
        if (starts != (i == 0)) {
            break;
        }
        auto frame = reader.feed(bytes[i]);
        if (frame && i + 1 == bytes.size()) {
            return std::move(*frame);
        }
        if (!reader.inside()) {
            break;
        }
    }
    return base::make_error(base::ErrorCode::frame_damaged,
                            fmt::format("no numbered frame: {}", base::to_hex(bytes)));
}

std::optional<NumberedFrame> NumberedReader::feed(std::byte value) {
    if (value == kNumberedStart) {
        inside_ = true;
        stuffed_ = false;
        frame_.clear();
        return std::nullopt;
    }
    if (!inside_ || !take(value)) {
        inside_ = false;
        return std::nullopt;
    }
    if (frame_.size() < kLengthBytes) {
        return std::nullopt;
    }
    const std::size_t length = length_of(frame_);
    if (length == 1 || length > kNumberBytes + kNumberedMessageBytesMax) {
        inside_ = false;
        return std::nullopt;
    }
    if (stuffed_ || frame_.size() < kLengthBytes + length + kChecksumBytes) {
        return std::nullopt;
    }
    inside_ = false;
    return read_whole(frame_);
}

/// One byte behind 8F; false if it cannot stand there.
bool NumberedReader::take(std::byte value) {
    if (!stuffed_) {
        stuffed_ = value == kStuffing;
        if (!stuffed_) {
            frame_.push_back(value);
        }
        return true;
    }
    stuffed_ = false;
    if (value != kStuffedStart && value != kStuffedStuffing) {
        return false;
    }
    frame_.push_back(value == kStuffedStart ? kNumberedStart : kStuffing);
    return true;
}

}  // namespace tillhost::drivers::shtrih
