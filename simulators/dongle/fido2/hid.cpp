#include "simulators/dongle/fido2/hid.h"

#include <algorithm>
#include <utility>

namespace tillhost::simulators::fido2 {
namespace {

using base::Bytes;
using base::ByteView;

constexpr unsigned kFirstPacket = 0x80;  // bit of the command's byte
constexpr std::size_t kNonceBytes = 8;
constexpr std::uint32_t kForeignChannel = 0x7E57F00D;  // allotted to nobody
// What INIT tells: version of CTAPHID, of the device, what it can.
constexpr unsigned kProtocolVersion = 2, kMajor = 5, kMinor = 2, kBuild = 1;
constexpr unsigned kCapabilities = 0x01 | 0x04 | 0x08;  // wink, CBOR, no messages of U2F

constexpr std::uint8_t code(HidCommand command) { return static_cast<std::uint8_t>(command); }

bool is(const HidMessage& message, HidCommand command) { return message.command == code(command); }

void pad(base::ByteWriter& packet) {
    packet.fill(std::byte{0}, kReportBytes - packet.bytes().size());
}

class ReportTracker final : public FrameTracker {
public:
    explicit ReportTracker(ReportNumber number) : splitter_(number) {}
    Step feed(std::byte byte) override {
        const bool begins = splitter_.empty();
        return {.begins = begins, .ends = splitter_.feed(byte), .frame = true};
    }
    void reset() override { splitter_.reset(); }

private:
    ReportSplitter splitter_;
};

}  // namespace

std::vector<Bytes> packets_of(const HidMessage& message) {
    const std::size_t size = std::min(message.data.size(), kMessageBytesMax);
    ByteView rest = ByteView(message.data).first(size);
    std::vector<Bytes> packets;
    do {
        base::ByteWriter packet;
        packet.uint_be(message.channel, 4);
        if (packets.empty()) {
            packet.u8(kFirstPacket | message.command).uint_be(size, 2);
        } else {
            packet.u8(packets.size() - 1);
        }
        const std::size_t room = kReportBytes - packet.bytes().size();
        packet.raw(rest.first(std::min(room, rest.size())));
        rest = rest.subspan(std::min(room, rest.size()));
        pad(packet);
        packets.push_back(packet.take());
    } while (!rest.empty());
    return packets;
}

bool ReportSplitter::feed(std::byte byte) {
    if (whole()) {
        report_.clear();
    }
    const bool may_be_number =
        number_ == ReportNumber::yes || (number_ == ReportNumber::detect && byte == std::byte{0});
    if (report_.empty() && !numbered_ && may_be_number) {
        numbered_ = true;
        return false;
    }
    numbered_ = false;
    report_.push_back(byte);
    return whole();
}

void ReportSplitter::reset() {
    numbered_ = false;
    report_.clear();
}

std::unique_ptr<FrameTracker> make_report_tracker(ReportNumber number) {
    return std::make_unique<ReportTracker>(number);
}

HidLink::Received HidLink::receive(ByteView report, os::Instant now) {
    advance(now);
    Received received;
    if (report.size() != kReportBytes) {
        return received;
    }
    base::ByteReader reader(report);
    const auto channel = static_cast<std::uint32_t>(reader.uint_be(4));
    const unsigned head = reader.u8();
    if ((head & kFirstPacket) == 0) {
        go_on(channel, head, reader.take_rest(), now, received);
        return received;
    }
    HidMessage message{.channel = channel,
                       .command = static_cast<std::uint8_t>(head & ~kFirstPacket)};
    const std::size_t size = reader.uint_be(2);
    const ByteView data = reader.take(std::min(size, kFirstDataBytes));
    message.data.assign(data.begin(), data.end());
    begin(message, size, now, received);
    return received;
}

/// A first packet.
void HidLink::begin(const HidMessage& message, std::size_t size, os::Instant now,
                    Received& received) {
    const std::uint32_t channel = message.channel;
    if (is(message, HidCommand::init)) {
        size == kNonceBytes ? init(message, received) : refuse(channel, HidError::invalid_length);
        return;
    }
    if (channel == kBroadcast || !known(channel)) {
        refuse(channel, HidError::invalid_channel);
        return;
    }
    if (is(message, HidCommand::cancel)) {  // has no answer of its own
        received.cancelled = busy_ == channel ? busy_ : std::nullopt;
        return;
    }
    if (half_ && half_->message.channel == channel) {
        half_.reset();
        refuse(channel, HidError::invalid_sequence);
        return;
    }
    if (out_of_turn(channel) || fires(busy_left_)) {
        refuse(channel, HidError::channel_busy);
        return;
    }
    if (size > kMessageBytesMax) {
        refuse(channel, HidError::invalid_length);
        return;
    }
    if (size > message.data.size()) {
        half_ = Half{.message = message, .size = size, .by = now + kPacketTimeout};
        return;
    }
    finish(message, now, received);
}

/// A further packet. What belongs to no message here is nobody's mistake.
void HidLink::go_on(std::uint32_t channel, unsigned sequence, ByteView data, os::Instant now,
                    Received& received) {
    if (!half_ || half_->message.channel != channel) {
        return;
    }
    if (sequence != half_->next_sequence) {
        half_.reset();
        refuse(channel, HidError::invalid_sequence);
        return;
    }
    ++half_->next_sequence;
    half_->by = now + kPacketTimeout;
    Bytes& so_far = half_->message.data;
    const ByteView added = data.first(std::min(data.size(), half_->size - so_far.size()));
    so_far.insert(so_far.end(), added.begin(), added.end());
    if (so_far.size() == half_->size) {
        HidMessage whole = std::move(half_->message);
        half_.reset();
        finish(std::move(whole), now, received);
    }
}

void HidLink::finish(HidMessage message, os::Instant now, Received& received) {
    if (is(message, HidCommand::ping)) {
        send(message);
    } else if (is(message, HidCommand::wink)) {
        message.data.empty() ? send(message) : refuse(message.channel, HidError::invalid_length);
    } else if (is(message, HidCommand::lock)) {
        lock(message, now);
    } else if (!is(message, HidCommand::cbor)) {
        refuse(message.channel, HidError::invalid_command);
    } else if (message.data.empty()) {
        refuse(message.channel, HidError::invalid_length);
    } else {
        busy_ = message.channel;
        received.request = std::move(message);
    }
}

void HidLink::init(const HidMessage& message, Received& received) {
    std::uint32_t allotted = message.channel;
    if (message.channel == kBroadcast) {
        allotted = next_channel_++;
        channels_.push_back(allotted);
        if (channels_.size() > kChannelsMax) {
            channels_.pop_front();
        }
    } else if (!known(message.channel)) {
        refuse(message.channel, HidError::invalid_channel);
        return;
    } else {
        if (half_ && half_->message.channel == message.channel) {
            half_.reset();
        }
        if (busy_ == message.channel) {
            received.aborted = message.channel;
            busy_.reset();
        }
    }
    base::ByteWriter reply;
    reply.raw(message.data).uint_be(allotted, 4).u8(kProtocolVersion);
    reply.u8(kMajor).u8(kMinor).u8(kBuild).u8(kCapabilities);
    send({.channel = message.channel, .command = message.command, .data = reply.take()});
}

void HidLink::lock(const HidMessage& message, os::Instant now) {
    if (message.data.size() != 1) {
        refuse(message.channel, HidError::invalid_length);
        return;
    }
    const std::int64_t seconds = base::to_unsigned(message.data.front());
    if (seconds > kLockSecondsMax) {
        refuse(message.channel, HidError::invalid_parameter);
        return;
    }
    lock_.reset();
    if (seconds > 0) {
        lock_ = Lock{.channel = message.channel, .until = now + std::chrono::seconds(seconds)};
    }
    send({.channel = message.channel, .command = message.command});
}

bool HidLink::known(std::uint32_t channel) const {
    return std::find(channels_.begin(), channels_.end(), channel) != channels_.end();
}

bool HidLink::out_of_turn(std::uint32_t channel) const {
    const bool locked = lock_ && lock_->channel != channel;
    return busy_.has_value() || locked || half_.has_value();
}

void HidLink::advance(os::Instant now) {
    if (half_ && half_->by <= now) {
        const std::uint32_t channel = half_->message.channel;
        half_.reset();
        refuse(channel, HidError::timeout);
    }
    if (lock_ && lock_->until <= now) {
        lock_.reset();
    }
}

std::optional<os::Instant> HidLink::next_event() const {
    std::optional<os::Instant> next;
    if (half_) {
        next = half_->by;
    }
    if (lock_ && (!next || lock_->until < *next)) {
        next = lock_->until;
    }
    return next;
}

void HidLink::answer(const HidMessage& message) {
    busy_.reset();
    send(message);
}

void HidLink::say(const HidMessage& message) {
    for (const Bytes& packet : packets_of(message)) {
        output_.insert(output_.end(), packet.begin(), packet.end());
    }
}

void HidLink::refuse(std::uint32_t channel, HidError error) {
    say({.channel = channel,
         .command = code(HidCommand::error),
         .data = {static_cast<std::byte>(error)}});
}

void HidLink::send(const HidMessage& message) {
    const bool mixed = fires(foreign_left_);
    std::vector<Bytes> packets = packets_of(message);
    if (fires(cut_left_) && packets.size() > static_cast<std::size_t>(cut_after_)) {
        packets.resize(static_cast<std::size_t>(cut_after_));
    }
    for (std::size_t i = 0; i < packets.size(); ++i) {
        if (mixed) {
            send_foreign(i);
        }
        output_.insert(output_.end(), packets[i].begin(), packets[i].end());
    }
}

/// What two other programs hear: one asks for a channel, one is told something long.
void HidLink::send_foreign(std::size_t packet) {
    if (packet == 0) {
        base::ByteWriter allotted;
        allotted.fill(std::byte{0xA5}, kNonceBytes).uint_be(kForeignChannel, 4);
        allotted.u8(kProtocolVersion).u8(kMajor).u8(kMinor).u8(kBuild).u8(kCapabilities);
        say({.channel = kBroadcast, .command = code(HidCommand::init), .data = allotted.take()});
    }
    const std::vector<Bytes> foreign = packets_of({.channel = kForeignChannel,
                                                   .command = code(HidCommand::cbor),
                                                   .data = Bytes(kMessageBytesMax)});
    output_.insert(output_.end(), foreign[packet].begin(), foreign[packet].end());
}

bool HidLink::fires(std::int64_t& left) {
    if (left == 0) {
        return false;
    }
    left -= left > 0 ? 1 : 0;
    ++fired_;
    return true;
}

Bytes HidLink::take_output() { return std::exchange(output_, {}); }

void HidLink::reset() {
    channels_.clear();
    half_.reset();
    busy_.reset();
    lock_.reset();
    output_.clear();
}

}  // namespace tillhost::simulators::fido2
