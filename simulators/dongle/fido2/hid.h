#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/os/clock.h"
#include "simulators/core/frame_tracker.h"
#include "simulators/dongle/fido2/options.h"

// CTAPHID (CTAP 2.1 §11.2): messages in packets of 64 bytes, channels for several programs.
namespace tillhost::simulators::fido2 {

inline constexpr std::size_t kReportBytes = 64;
inline constexpr std::size_t kFirstDataBytes = kReportBytes - 7;
inline constexpr std::size_t kNextDataBytes = kReportBytes - 5;
inline constexpr std::size_t kMessageBytesMax = kFirstDataBytes + 128 * kNextDataBytes;  // 7609
inline constexpr std::size_t kChannelsMax = 32;  ///< one more takes the place of the oldest
/// Between two packets of one message of the host.
inline constexpr os::Duration kPacketTimeout = std::chrono::milliseconds(500);
inline constexpr std::int64_t kLockSecondsMax = 10;

inline constexpr std::uint32_t kBroadcast = 0xFFFFFFFF;

/// What stands in the fifth byte of a first packet, without its high bit.
enum class HidCommand : std::uint8_t {
    ping = 0x01,
    msg = 0x03,
    lock = 0x04,
    init = 0x06,
    wink = 0x08,
    cbor = 0x10,
    cancel = 0x11,
    keepalive = 0x3B,
    error = 0x3F,
};

enum class HidError : std::uint8_t {
    invalid_command = 0x01,
    invalid_parameter = 0x02,
    invalid_length = 0x03,
    invalid_sequence = 0x04,
    timeout = 0x05,
    channel_busy = 0x06,
    invalid_channel = 0x0B,
    other = 0x7F,
};

struct HidMessage {
    std::uint32_t channel = 0;
    std::uint8_t command = 0;
    base::Bytes data{};
    bool operator==(const HidMessage&) const = default;
};

/// The packets of a message, each of 64 bytes. Data beyond kMessageBytesMax are left out.
std::vector<base::Bytes> packets_of(const HidMessage& message);

/// Cuts what the host writes into reports of 64 bytes, with or without the report number before
/// each. Total; a report that is not whole is dropped by reset().
class ReportSplitter final {
public:
    explicit ReportSplitter(ReportNumber number) : number_(number) {}
    /// True when `byte` was the last of a report; report() is it then, until the next feed().
    bool feed(std::byte byte);
    const base::Bytes& report() const { return report_; }
    /// True at a border of reports.
    bool empty() const { return !numbered_ && (report_.empty() || whole()); }
    void reset();

private:
    bool whole() const { return report_.size() == kReportBytes; }
    ReportNumber number_;
    bool numbered_ = false;  ///< the number of the next report has come
    base::Bytes report_;
};

/// Units of the line: reports of the host, and of the token.
std::unique_ptr<FrameTracker> make_report_tracker(ReportNumber number);

/// The token's end of CTAPHID: assembles messages, allots channels, refuses what is out of turn,
/// and answers INIT, PING, WINK and LOCK itself.
class HidLink final {
public:
    explicit HidLink(std::uint32_t first_channel) : next_channel_(first_channel) {}

    /// What the link could not answer itself.
    struct Received {
        std::optional<HidMessage> request{};       ///< CBOR, to be answered with answer()
        std::optional<std::uint32_t> cancelled{};  ///< this channel takes its request back
        std::optional<std::uint32_t> aborted{};  ///< and this one begins anew, and wants no answer
    };
    /// One report of 64 bytes.
    Received receive(base::ByteView report, os::Instant now);
    void advance(os::Instant now);
    std::optional<os::Instant> next_event() const;

    /// The answer to the request that receive() gave; the channel is free then.
    void answer(const HidMessage& message);
    /// A packet beside it: a keepalive.
    void say(const HidMessage& message);
    /// The request ended without an answer.
    void release() { busy_.reset(); }
    base::Bytes take_output();
    /// The power fails: channels, locks and halves of messages are gone.
    void reset();

    std::size_t channels() const { return channels_.size(); }

    // What goes wrong when asked. `count` 0: without end.
    void be_busy(std::int64_t count) { busy_left_ = count == 0 ? -1 : count; }
    void mix_foreign(std::int64_t count) { foreign_left_ = count == 0 ? -1 : count; }
    void cut_answers(std::int64_t count, std::int64_t after) {
        cut_left_ = count == 0 ? -1 : count;
        cut_after_ = after;
    }
    void clear_faults() { busy_left_ = foreign_left_ = cut_left_ = 0; }
    std::uint64_t faults_fired() const { return fired_; }

private:
    struct Half {
        HidMessage message;
        std::size_t size = 0;
        unsigned next_sequence = 0;
        os::Instant by;
    };
    struct Lock {
        std::uint32_t channel;
        os::Instant until;
    };

    void begin(const HidMessage& message, std::size_t size, os::Instant now, Received& received);
    void go_on(std::uint32_t channel, unsigned sequence, base::ByteView data, os::Instant now,
               Received& received);
    void finish(HidMessage message, os::Instant now, Received& received);
    void init(const HidMessage& message, Received& received);
    void lock(const HidMessage& message, os::Instant now);
    bool known(std::uint32_t channel) const;
    bool out_of_turn(std::uint32_t channel) const;
    void refuse(std::uint32_t channel, HidError error);
    void send(const HidMessage& message);
    void send_foreign(std::size_t packet);
    bool fires(std::int64_t& left);

    std::uint32_t next_channel_;
    std::deque<std::uint32_t> channels_;
    std::optional<Half> half_;
    std::optional<std::uint32_t> busy_;  ///< the channel whose request is being carried out
    std::optional<Lock> lock_;
    base::Bytes output_;
    std::int64_t busy_left_ = 0, foreign_left_ = 0, cut_left_ = 0;  ///< below 0: without end
    std::int64_t cut_after_ = 0;
    std::uint64_t fired_ = 0;
};

}  // namespace tillhost::simulators::fido2
