#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/known_bugs.h"
#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "hal/os/clock.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::shtrih {

/// Reaction of the device to one ENQ. Observed: 4 to 17 ms on TCP and USB, half a second on
/// Bluetooth.
inline constexpr os::Duration kEnquiryTime = std::chrono::milliseconds(700);
/// Until the device confirms a frame (the vendor's driver: 1000 ms).
inline constexpr os::Duration kAcknowledgeTime = std::chrono::milliseconds(1000);
/// Between two bytes of a frame; devices are set to 50 or 100 ms, adapters add some.
inline constexpr os::Duration kByteTime = std::chrono::milliseconds(200);
/// After so long without an answer the device is asked whether it still prepares one. Closing takes
/// half a second, opening a shift without internet more than ten.
inline constexpr os::Duration kAnswerPoll = std::chrono::seconds(3);
inline constexpr int kEnquiriesMax = 10;
inline constexpr int kSendsMax = 10;
/// Enquiries of one question in all; 100 polls are five minutes, longer than any command takes.
inline constexpr int kRoundsMax = 100;

/// The host's side of the standard link layer ("KKT with FN protocol v1.17", appendix 3).
///
/// The device keeps an answer until it is acknowledged, also over the end of the host, and says so
/// when asked (ENQ is answered with ACK). Therefore nothing is ever sent before ENQ was answered
/// with NAK, and no answer is acknowledged before whoever needs it has made it durable.
class Link final {
public:
    /// Sees an answer just before it is acknowledged; on an error it is not acknowledged, and the
    /// device will offer it again. Gets the whole frame.
    using Witness = std::function<base::Done(base::ByteView frame)>;

    struct Question {
        Command command;
        base::Bytes message;
        /// Its second execution would be a second document: never sent twice.
        bool once = false;
        Witness before_acknowledge{};
    };

    /// Both outlive the link.
    Link(transport::Transport& line, const os::Clock& clock, KnownBugs bugs)
        : line_(line), clock_(clock), bugs_(bugs) {}

    /// What sees answers to commands that were not asked through this link, or are late. Without
    /// one they are acknowledged and forgotten.
    void set_old_answer_witness(Witness witness) { old_answer_ = std::move(witness); }

    /// Takes the answers that the device still holds. Returns when it holds none and executes
    /// nothing. Errors: no_answer, link_lost, cancelled, deadline_passed, those of the witness.
    base::Done collect(os::Deadline deadline);

    /// Sends a command and returns its answer's message, acknowledged. A command that may be
    /// repeated is sent again where ENQ shows that the device does not have it.
    ///
    /// Errors as collect(). Effect::none exactly when no byte of the command's frame was written;
    /// after that the effect is unknown and the line must be opened anew.
    base::Result<base::Bytes> ask(const Question& question, os::Deadline deadline);

    /// Waits on the line, so that the wait ends early with it. What comes meanwhile is thrown away;
    /// the device keeps its answers. Errors: link_lost, cancelled.
    base::Done rest(os::Instant until);

    /// When the last byte of a frame sent with `once` was written, if there was one.
    std::optional<os::Instant> last_once() const { return last_once_; }

private:
    /// What came: a control byte, a whole frame, a damaged one, or nothing in time.
    enum class Kind { acknowledge, refuse, frame, damaged, silence };
    struct Heard {
        Kind kind = Kind::silence;
        base::Bytes frame{};
    };
    struct Talk {
        const Question* question = nullptr;
        os::Deadline deadline;
        int sends = 0;
        int silences = 0;
        bool heard_anything = false;
    };

    base::Result<std::optional<base::Bytes>> converse(Talk& talk);
    base::Result<std::optional<base::Bytes>> round(Talk& talk, bool& over);
    base::Result<Heard> enquire(os::Deadline deadline);
    base::Result<Heard> send(Talk& talk);
    base::Result<Heard> hear(os::Duration wait, bool frames_only, os::Deadline deadline);
    base::Result<Heard> take_frame(os::Deadline deadline);
    base::Result<std::optional<base::Bytes>> accept(Talk& talk, const base::Bytes& frame);
    base::Done witness_old(const base::Bytes& frame);
    base::Result<std::optional<std::byte>> next_byte(os::Deadline until);
    base::Done write(base::ByteView bytes, os::Deadline deadline);
    base::Done drain();
    base::Error mark(base::Error error, const Talk& talk) const;

    transport::Transport& line_;
    const os::Clock& clock_;
    KnownBugs bugs_;
    Witness old_answer_;
    base::Bytes taken_;  ///< read from the line, not yet looked at
    base::Bytes last_old_;
    std::optional<os::Instant> last_once_;
};

}  // namespace tillhost::drivers::shtrih
