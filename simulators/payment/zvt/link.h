#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "hal/os/clock.h"
#include "simulators/core/frame_tracker.h"
#include "simulators/payment/zvt/apdu.h"

namespace tillhost::simulators::zvt {

/// Times and counts of the serial procedure (PA00P016, and the link acknowledgements there).
inline constexpr os::Duration kByteTimeout = std::chrono::milliseconds(200);  ///< T1
inline constexpr os::Duration kAckTimeout = std::chrono::seconds(5);          ///< T2
inline constexpr int kSendsMax = 3;
/// A frame with every byte doubled, and what stands around it.
inline constexpr std::size_t kFrameBytesMax = 2 * (kApduDataBytesMax + 5) + 8;
/// APDUs that wait to be sent; the dialogue never has more than a few.
inline constexpr std::size_t kSendQueueMax = 64;

/// CRC of the serial frame: polynomial 8408h reflected, start 0, over the APDU and a byte 03.
std::uint16_t crc_of(base::ByteView apdu);
/// 10 02, the APDU with each 10 doubled, 10 03, CRC with its low byte first.
base::Bytes encode_frame(base::ByteView apdu);
/// The APDU of exactly one frame; nothing if it is none or its CRC is wrong. Total.
std::optional<base::Bytes> decode_frame(base::ByteView frame);

/// How APDUs cross a line. Pure, as a LineDevice is.
class Link {
public:
    virtual ~Link() = default;
    virtual void receive(base::ByteView bytes, os::Instant now) = 0;
    virtual void advance(os::Instant now) = 0;
    virtual std::optional<os::Instant> next_event() const = 0;
    virtual void send(const base::Bytes& apdu, os::Instant now) = 0;
    virtual base::Bytes take_output() = 0;
    /// Forgets what is on the way, as power does, or a socket that closes.
    virtual void reset() = 0;
    /// The next `count` good frames are refused with NAK; without meaning on TCP.
    virtual void refuse_frames(std::int64_t /*count*/) {}
    /// The next `count` frames leave without doubled 10h; without meaning on TCP.
    virtual void leave_unstuffed(std::int64_t /*count*/) {}
    /// Everything that was sent has been taken by the other side, as far as a link knows.
    virtual bool idle() const = 0;

    std::optional<Apdu> take_apdu();
    /// The other side did not acknowledge kSendsMax sends.
    bool take_failure() { return std::exchange(failed_, false); }

protected:
    std::deque<Apdu> received_;
    bool failed_ = false;
};

/// Bare APDUs, cut by their lengths.
class TcpLink final : public Link {
public:
    void receive(base::ByteView bytes, os::Instant now) override;
    void advance(os::Instant /*now*/) override {}
    std::optional<os::Instant> next_event() const override { return std::nullopt; }
    void send(const base::Bytes& apdu, os::Instant now) override;
    base::Bytes take_output() override { return std::exchange(output_, {}); }
    void reset() override;
    bool idle() const override { return true; }

private:
    base::Bytes input_;
    base::Bytes output_;
};

/// Frames with ACK 06 and NAK 15. A frame that is the same as the one taken before, while nothing
/// of ours was acknowledged since, is a repeat: it is acknowledged and not handed up.
class SerialLink final : public Link {
public:
    void receive(base::ByteView bytes, os::Instant now) override;
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override;
    void send(const base::Bytes& apdu, os::Instant now) override;
    base::Bytes take_output() override { return std::exchange(output_, {}); }
    void reset() override;
    void refuse_frames(std::int64_t count) override { refuse_ = count; }
    void leave_unstuffed(std::int64_t count) override { unstuffed_ = count; }
    bool idle() const override { return queue_.empty(); }

private:
    void feed(std::byte byte, os::Instant now);
    void control(std::byte byte, os::Instant now);
    void finish_frame(os::Instant now);
    void transmit(os::Instant now);
    void try_again(os::Instant now);

    base::Bytes frame_;
    bool escape_ = false;
    int crc_bytes_left_ = 0;
    os::Instant last_byte_{};
    base::Bytes last_frame_;
    os::Instant last_frame_at_{};
    int repeats_ = 0;  ///< of it
    std::deque<base::Bytes> queue_;
    int sends_ = 0;
    os::Instant ack_by_{};
    std::int64_t refuse_ = 0;
    std::int64_t unstuffed_ = 0;
    base::Bytes output_;
};

/// The borders of APDUs on TCP, for faults of the line.
std::unique_ptr<FrameTracker> make_tcp_tracker();
/// The borders of frames and control bytes on a serial line.
std::unique_ptr<FrameTracker> make_serial_tracker();

}  // namespace tillhost::simulators::zvt
