#pragma once

#include <optional>
#include <utility>

#include "hal/drivers/fiscal/shtrih/frames_numbered.h"
#include "hal/drivers/fiscal/shtrih/known_bugs.h"
#include "hal/drivers/fiscal/shtrih/link.h"
#include "hal/drivers/fiscal/shtrih/link_line.h"

namespace tillhost::drivers::shtrih {

/// Reaction of the device to a ping.
inline constexpr os::Duration kPingTime = std::chrono::milliseconds(700);
inline constexpr int kPingsMax = 10;
/// After so long without an answer the same frame is sent again, under the same number; the time
/// doubles up to the second one. Longer than a device waits between two bytes.
inline constexpr os::Duration kResendTime = std::chrono::seconds(1);
inline constexpr os::Duration kResendTimeMax = std::chrono::seconds(5);
/// How often a question is asked anew after host and device meant different commands.
inline constexpr int kResyncsMax = 3;
/// A device that lost its power counts from 1 again. No document's frame has a number below this,
/// so that its repetition is never the next one of a device that has just started.
inline constexpr std::uint16_t kFreshNumbers = 4;

/// The host's side of the alternative link layer ("KKT with FN protocol v1.17", lower level,
/// variant 2): frames with numbers, and no control bytes.
///
/// The device executes a frame whose number follows that of the last one, and answers every other
/// frame and every ping with the answer to the last one. So
/// * a frame may be sent again under its own number: it is executed once;
/// * an answer with our number and our command's code is ours; with the number before, it is a late
///   copy of the previous answer and ignored; any other means that device and host do not mean the
///   same command. A question is then asked anew under a new number, nothing else ever is.
/// * the answer that a ping brings on opening may be the only proof of a command whose host died:
///   it is witnessed before the next command, which would erase it.
class NumberedLink final : public Link {
public:
    /// Both outlive the link.
    NumberedLink(transport::Transport& line, const os::Clock& clock, KnownBugs bugs,
                 int pings_max = kPingsMax)
        : line_(line, clock), clock_(clock), bugs_(bugs), pings_max_(pings_max) {}

    LinkLayer layer() const override { return LinkLayer::numbered; }
    void set_old_answer_witness(Witness witness) override { old_answer_ = std::move(witness); }
    base::Done collect(os::Deadline deadline) override;
    base::Result<base::Bytes> ask(const Question& question, os::Deadline deadline) override;
    base::Done rest(os::Instant until) override;
    std::optional<os::Instant> last_once() const override { return last_once_; }
    base::Result<std::int64_t> next_number(os::Deadline deadline) override;

private:
    struct Talk {
        const Question& question;
        os::Deadline deadline;
        int sends = 0;
        bool heard_anything = false;
    };

    base::Result<std::optional<base::Bytes>> exchange(Talk& talk);
    base::Result<std::optional<base::Bytes>> listen(Talk& talk, os::Deadline until, bool& desync);
    base::Result<base::Bytes> accept(const Talk& talk, NumberedFrame heard);
    bool is_ours(const Talk& talk, const NumberedFrame& heard) const;
    bool is_late_copy(const NumberedFrame& heard) const;
    base::Result<std::optional<NumberedFrame>> hear(os::Deadline until);
    base::Done witness_old(const NumberedFrame& heard);
    base::Done leave_fresh_numbers(os::Deadline deadline);
    base::Done erase_answer(os::Deadline deadline);
    std::uint16_t next() const;
    base::Error mark(base::Error error, const Talk& talk);

    LinkLine line_;
    const os::Clock& clock_;
    KnownBugs bugs_;
    int pings_max_;
    Witness old_answer_;
    NumberedReader reader_;
    /// Of the command that the device executed last; nothing while that is not certain.
    std::optional<std::uint16_t> last_;
    std::optional<NumberedFrame> last_seen_;  ///< answer that was returned or witnessed last
    std::optional<os::Instant> last_once_;
};

}  // namespace tillhost::drivers::shtrih
