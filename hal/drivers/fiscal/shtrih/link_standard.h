#pragma once

#include <utility>

#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/known_bugs.h"
#include "hal/drivers/fiscal/shtrih/link.h"
#include "hal/drivers/fiscal/shtrih/link_line.h"

namespace tillhost::drivers::shtrih {

/// Reaction of the device to one ENQ. Observed: 4 to 17 ms on TCP and USB, half a second on
/// Bluetooth.
inline constexpr os::Duration kEnquiryTime = std::chrono::milliseconds(700);
/// Until the device confirms a frame (the vendor's driver: 1000 ms).
inline constexpr os::Duration kAcknowledgeTime = std::chrono::milliseconds(1000);
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
/// with NAK, and no answer is acknowledged before whoever needs it has made it durable. A command
/// that may be repeated is sent again where ENQ shows that the device does not have it.
class StandardLink final : public Link {
public:
    /// Both outlive the link.
    StandardLink(transport::Transport& line, const os::Clock& clock, KnownBugs bugs,
                 int enquiries_max = kEnquiriesMax)
        : line_(line, clock), clock_(clock), bugs_(bugs), enquiries_max_(enquiries_max) {}

    LinkLayer layer() const override { return LinkLayer::standard; }

    void set_old_answer_witness(Witness witness) override { old_answer_ = std::move(witness); }
    base::Done collect(os::Deadline deadline) override;
    base::Result<base::Bytes> ask(const Question& question, os::Deadline deadline) override;
    base::Done rest(os::Instant until) override { return line_.rest(until); }
    std::optional<os::Instant> last_once() const override { return last_once_; }
    base::Result<std::int64_t> next_number(os::Deadline) override { return kNoFrameNumber; }

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

    LinkLine line_;
    const os::Clock& clock_;
    KnownBugs bugs_;
    int enquiries_max_;
    Witness old_answer_;
    base::Bytes last_old_;
    std::optional<os::Instant> last_once_;
};

}  // namespace tillhost::drivers::shtrih
