#include <algorithm>
#include <optional>
#include <utility>

#include "hal/drivers/payment/zvt/apdu.h"
#include "hal/drivers/payment/zvt/link.h"
#include "hal/drivers/payment/zvt/link_line.h"
#include "hal/drivers/payment/zvt/serial_frames.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Bytes;
using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

/// PA00P016: between two bytes of a frame.
constexpr os::Duration kT1 = std::chrono::milliseconds(200);
/// Until a frame is confirmed.
constexpr os::Duration kT2 = std::chrono::seconds(5);
/// Of one frame. It is the link's own repeat of the same bytes, which the other end recognises; a
/// command is never given twice.
constexpr int kSendsMax = 3;
/// How long after our confirmation the same frame is taken for a repeat (T2 and its way).
constexpr os::Duration kRepeatTime = kT2 + std::chrono::seconds(1);
/// Frames that may wait while we wait for a confirmation of our own.
constexpr std::size_t kQueueMax = 8;
/// Read without anything that is understood: the longest message with each byte doubled, and noise.
constexpr std::size_t kBabbleBytesMax = 2 * kApduBytesMax + 4096;

class SerialLink final : public Link {
public:
    SerialLink(transport::Transport& line, const os::Clock& clock, TakeWish take_wish)
        : line_(line, std::move(take_wish)), clock_(clock) {}

    Done send(base::ByteView apdu, os::Deadline deadline) override {
        const Bytes frame = encode_serial_frame(apdu);
        for (int sends = 0; sends < kSendsMax; ++sends) {
            const Done written = line_.write(frame, deadline);
            if (!written) {
                base::Error error = written.error();
                error.effect = sends > 0 ? base::Effect::unknown : error.effect;
                return error;
            }
            const auto confirmed = wait_confirmed(apdu, std::min(deadline, clock_.now() + kT2));
            if (!confirmed) {
                base::Error error = confirmed.error();
                error.effect = base::Effect::unknown;
                return error;
            }
            if (*confirmed) {
                return {};
            }
            if (clock_.now() >= deadline) {
                break;
            }
        }
        return make_error(ErrorCode::no_answer, "the terminal confirms no frame",
                          base::Effect::unknown);
    }

    Result<Bytes> receive(os::Deadline deadline) override {
        while (queue_.empty()) {
            TRY(take_in(deadline, true));
            if (queue_.empty() && clock_.now() > deadline) {
                return make_error(ErrorCode::deadline_passed, "the terminal says no message");
            }
        }
        Bytes apdu = std::move(queue_.front());
        queue_.erase(queue_.begin());
        return apdu;
    }

    bool is_superseded() const override {
        const FrameFound found = find_serial_frame(taken_);
        const bool read = found.state == FrameFound::State::whole && !is_response(found.apdu);
        return read || std::any_of(queue_.begin(), queue_.end(),
                                   [](const Bytes& apdu) { return !is_response(apdu); });
    }

private:
    /// True: confirmed; false: refused, or nothing said in time. Messages of the terminal that
    /// cross ours are confirmed and kept. One that answers ours shows that it has arrived, also
    /// where its confirmation is lost: sent again now it would be carried out once more.
    Result<bool> wait_confirmed(base::ByteView apdu, os::Deadline until) {
        said_.reset();
        while (!said_) {
            const std::size_t known = queue_.size();
            Done taken = take_in(until, false);
            if (!taken && taken.error().code == ErrorCode::deadline_passed) {
                return false;
            }
            TRY(std::move(taken));
            if (queue_.size() > known && answers(queue_.back(), apdu)) {
                return true;
            }
            if (!said_ && clock_.now() > until) {
                return false;
            }
        }
        answered_since_ = answered_since_ || *said_ == kAck;
        return *said_ == kAck;
    }

    /// A command is answered by 80 or 84; what comes behind such an answer of ours is the next
    /// step.
    static bool answers(base::ByteView said, base::ByteView ours) {
        return is_response(ours) ? !is_response(said) : is_response(said);
    }

    /// Reads until one thing was understood: a confirmation (said_), a message (queue_), or damage.
    /// A wish to break off ends it if `tell_wish`, between frames. Errors beside those of the line:
    /// frame_damaged, after kBabbleBytesMax.
    Done take_in(os::Deadline until, bool tell_wish) {
        std::size_t babble = 0;
        while (true) {
            if (take_one()) {
                return answer();
            }
            if (babble > kBabbleBytesMax) {
                taken_.clear();
                return make_error(ErrorCode::frame_damaged,
                                  "the terminal talks without end and says no message");
            }
            const std::size_t before = taken_.size();
            const bool partial = !taken_.empty();
            if (!partial && tell_wish && std::exchange(wished_, false)) {
                return make_error(ErrorCode::cancelled, "somebody wants to break off");
            }
            const os::Deadline wait = partial ? clock_.now() + kT1 : until;
            const Done read = line_.read_more(taken_, wait);
            if (read) {
                babble += taken_.size() - before;
                continue;
            }
            if (read.error().code == ErrorCode::cancelled) {
                wished_ = true;
            } else if (partial && read.error().code == ErrorCode::deadline_passed) {
                taken_.clear();
                TRY(line_.write(Bytes{kNak}, clock_.now() + kT2));
            } else {
                return read.error();
            }
        }
    }

    /// Takes a confirmation or a frame off the front; false if nothing whole is there.
    bool take_one() {
        while (!taken_.empty()) {
            const std::byte first = taken_.front();
            FrameFound found = find_serial_frame(taken_);
            if (found.state == FrameFound::State::partial) {
                return false;
            }
            const std::size_t length = std::max<std::size_t>(found.length, 1);
            Bytes bytes(taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(length));
            taken_.erase(taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(length));
            if (found.state != FrameFound::State::none) {
                found_ = std::move(found);
                frame_ = std::move(bytes);
                return true;
            }
            if (first == kAck || first == kNak) {
                said_ = first;
                found_.reset();
                return true;
            }
        }
        return false;
    }

    /// Confirms a frame before anybody looks into it, and keeps it unless it is a repeat.
    Done answer() {
        if (!found_) {
            return {};
        }
        const FrameFound found = *std::exchange(found_, std::nullopt);
        const os::Deadline until = clock_.now() + kT2;
        if (found.state == FrameFound::State::damaged) {
            return line_.write(Bytes{kNak}, until);
        }
        const bool full = queue_.size() >= kQueueMax;
        TRY(line_.write(Bytes{full ? kNak : kAck}, until));
        const bool repeat = frame_ == last_ && is_repeat(found.apdu);
        last_ = frame_;
        last_at_ = clock_.now();
        answered_since_ = answered_since_ && full;
        if (!repeat && !full) {
            queue_.push_back(found.apdu);
        }
        return {};
    }

    /// Of a frame that is equal to the one before. Where something of ours was confirmed in between
    /// it may be a new one (two empty lines of a receipt), but not after just the time in which a
    /// lost confirmation is missed. A step of the procedure is repeated at any pace.
    bool is_repeat(base::ByteView apdu) const {
        const os::Duration since = clock_.now() - last_at_;
        const bool is_step = !apdu.empty() && apdu.front() == std::byte{0x04} && apdu.size() > 1 &&
                             apdu[1] == std::byte{0xFF};
        const bool missed = since >= kT2 - kT1 && !is_step;
        return since <= kRepeatTime && (!answered_since_ || missed);
    }

    LinkLine line_;
    const os::Clock& clock_;
    Bytes taken_;
    Bytes frame_;
    std::optional<FrameFound> found_;
    std::optional<std::byte> said_;
    std::vector<Bytes> queue_;
    Bytes last_;  ///< the last frame that was confirmed
    os::Instant last_at_{};
    bool answered_since_ = false;
    bool wished_ = false;
};

}  // namespace

std::unique_ptr<Link> make_serial_link(transport::Transport& line, const os::Clock& clock,
                                       TakeWish take_wish) {
    return std::make_unique<SerialLink>(line, clock, std::move(take_wish));
}

}  // namespace tillhost::drivers::zvt
