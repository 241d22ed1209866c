#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "hal/drivers/dongle/fido2/frames.h"
#include "hal/os/clock.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::fido2 {

/// The longest waits. A token signs in a few tenths of a second.
inline constexpr os::Duration kInitTime = std::chrono::seconds(2);
inline constexpr os::Duration kInfoTime = std::chrono::seconds(2);
inline constexpr os::Duration kSignTime = std::chrono::seconds(3);
inline constexpr os::Duration kTouchTime = std::chrono::seconds(30);
/// So long the end of what was broken off is waited for.
inline constexpr os::Duration kCancelTime = std::chrono::seconds(2);
/// Another program has the token: asked again after a pause at random, until this has passed.
inline constexpr os::Duration kBusyTime = std::chrono::seconds(4);
inline constexpr os::Duration kBusyPauseMin = std::chrono::milliseconds(100);
inline constexpr os::Duration kBusyPauseMax = std::chrono::milliseconds(500);
/// Packets that one wait passes over; a line that never ends talking is broken.
inline constexpr int kPacketsMax = 100'000;

/// 64 bits that nobody can guess.
using Random = std::function<std::uint64_t()>;

/// A channel of our own on a token's line: other programs (a browser, ssh) may have theirs on the
/// same token, and what is said to them is passed over.
class Channel final {
public:
    /// On a line of USB HID a report number stands before each packet that is written; on any other
    /// one, behind which a simulator is, packets follow one another.
    Channel(std::unique_ptr<transport::Transport> line, const os::Clock& clock, Random random);

    /// Takes a channel. Once more if nobody answers: a port that slept may lose the first packet.
    /// Errors: those of the line, no_answer, device_not_ready (in use).
    base::Result<Introduction> open(os::Deadline deadline);

    /// A question that changes nothing: the answer behind its status byte. One that is lost or
    /// damaged is asked once more, on a channel that was set back. Errors: those of the line,
    /// no_answer, frame_damaged, device_not_ready (in use), not_supported (it wants a touch),
    /// those of a status.
    base::Result<base::Bytes> ask(base::ByteView request, os::Duration limit,
                                  os::Deadline deadline);

    /// A request that somebody has to touch the token for; `touch` is called once when the token
    /// waits for that. Sent once; broken off when its time is over. An error with Effect::unknown
    /// means that it may have been carried out.
    base::Result<base::Bytes> ask_for_touch(base::ByteView request,
                                            const std::function<void()>& touch,
                                            os::Deadline deadline);

private:
    /// What came of a request that was sent.
    struct Answer {
        enum class Kind : std::uint8_t { reply, processing, touch_wanted, busy } kind;
        base::Bytes payload{};  ///< behind the status byte 00
    };

    base::Result<Introduction> introduce(std::uint32_t on, os::Deadline deadline);
    base::Result<std::optional<Introduction>> introduction(std::uint32_t on,
                                                           const base::Bytes& nonce,
                                                           os::Deadline until);
    base::Done set_back(os::Deadline deadline);
    base::Result<base::Bytes> exchange(base::ByteView request, os::Duration limit,
                                       os::Deadline deadline);
    base::Result<base::Bytes> give_up(Assembler& assembler);
    base::Result<Answer> answer(Assembler& assembler, os::Deadline until);
    base::Result<base::Bytes> break_off(Assembler& assembler, os::Deadline deadline);
    base::Result<Message> next(Assembler& assembler, os::Deadline until);
    base::Result<Packet> read_packet(os::Deadline until);
    base::Done send(std::uint32_t channel, Command command, base::ByteView payload,
                    os::Deadline until);
    base::Done pause(os::Deadline until);

    std::unique_ptr<transport::Transport> line_;
    const os::Clock& clock_;
    Random random_;
    bool is_hid_;
    std::uint32_t channel_ = kBroadcast;
    bool clean_ = true;  ///< nothing of a former request can come
    Packet packet_{};
    std::size_t filled_ = 0;  ///< of packet_, where packets are a stream
};

}  // namespace tillhost::drivers::fido2
