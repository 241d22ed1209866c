#include "hal/drivers/dongle/fido2/frames.h"

#include <algorithm>

#include "hal/base/invariant.h"

namespace tillhost::drivers::fido2 {
namespace {

using base::Result;

constexpr std::size_t kChannelBytes = 4;
constexpr std::size_t kFirstBytes = 57;
constexpr std::size_t kNextBytes = 59;
constexpr std::uint8_t kBegins = 0x80;

Packet packet_of(base::ByteWriter& written) {
    written.fill(std::byte{0}, kPacketBytes - written.bytes().size());
    Packet packet{};
    std::copy(written.bytes().begin(), written.bytes().end(), packet.begin());
    return packet;
}

base::Error damaged(const char* what) {
    return base::make_error(base::ErrorCode::frame_damaged, what);
}

}  // namespace

std::vector<Packet> packets_of(std::uint32_t channel, Command command, base::ByteView payload) {
    INVARIANT(payload.size() <= kMessageBytesMax);
    std::vector<Packet> packets;
    base::ByteWriter first;
    const base::ByteView begin = payload.first(std::min(payload.size(), kFirstBytes));
    first.uint_be(channel, kChannelBytes)
        .u8(kBegins | static_cast<std::uint8_t>(command))
        .uint_be(payload.size(), 2)
        .raw(begin);
    packets.push_back(packet_of(first));
    base::ByteView rest = payload.subspan(begin.size());
    for (std::uint8_t sequence = 0; !rest.empty(); ++sequence) {
        const base::ByteView part = rest.first(std::min(rest.size(), kNextBytes));
        base::ByteWriter next;
        next.uint_be(channel, kChannelBytes).u8(sequence).raw(part);
        packets.push_back(packet_of(next));
        rest = rest.subspan(part.size());
    }
    return packets;
}

Result<std::optional<Message>> Assembler::take(const Packet& packet) {
    base::ByteReader rest(packet);
    if (rest.uint_be(kChannelBytes) != channel_) {
        return std::optional<Message>();
    }
    const std::uint8_t kind = rest.u8();
    return (kind & kBegins) != 0 ? begin(rest, kind & ~kBegins & 0xFF) : go_on(rest, kind);
}

Result<std::optional<Message>> Assembler::begin(base::ByteReader& rest, std::uint8_t command) {
    const bool interrupts = open_.has_value();
    open_.reset();
    length_ = static_cast<std::size_t>(rest.uint_be(2));
    if (interrupts && static_cast<Command>(command) != Command::error) {
        return damaged("a message begins within another");
    }
    if (length_ > kMessageBytesMax) {
        return damaged("a message longer than any");
    }
    const base::ByteView part = rest.take(std::min(length_, kFirstBytes));
    open_ = Message{static_cast<Command>(command), base::Bytes(part.begin(), part.end())};
    next_ = 0;
    return whole();
}

Result<std::optional<Message>> Assembler::go_on(base::ByteReader& rest, std::uint8_t sequence) {
    if (!open_) {
        return std::optional<Message>();
    }
    if (sequence != next_) {
        open_.reset();
        return damaged("a packet of the message is missing");
    }
    ++next_;
    const base::ByteView part = rest.take(std::min(length_ - open_->payload.size(), kNextBytes));
    open_->payload.insert(open_->payload.end(), part.begin(), part.end());
    return whole();
}

std::optional<Message> Assembler::whole() {
    if (open_->payload.size() < length_) {
        return std::nullopt;
    }
    std::optional<Message> message = std::move(open_);
    open_.reset();
    return message;
}

Result<Introduction> read_introduction(base::ByteView payload) {
    base::ByteReader rest(payload);
    Introduction told;
    const base::ByteView nonce = rest.take(kNonceBytes);
    told.nonce.assign(nonce.begin(), nonce.end());
    told.channel = static_cast<std::uint32_t>(rest.uint_be(kChannelBytes));
    told.protocol = rest.u8();
    told.major = rest.u8();
    told.minor = rest.u8();
    told.build = rest.u8();
    told.capabilities = rest.u8();
    if (rest.failed()) {
        return damaged("an answer to INIT that is too short");
    }
    if (told.channel == 0 || told.channel == kBroadcast) {
        return damaged("INIT gave a channel that is none");
    }
    return told;
}

}  // namespace tillhost::drivers::fido2
