#include "hal/drivers/fiscal/shtrih/link.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using base::Done;
using base::Error;
using base::ErrorCode;
using base::make_error;
using base::Result;

/// Bytes taken from the line at once.
constexpr std::size_t kReadBytes = 512;
/// Junk that is thrown away before an enquiry; a line that never stops talking is no registrar.
constexpr std::size_t kDrainBytesMax = 64 * 1024;

}  // namespace

Done Link::collect(os::Deadline deadline) {
    Talk talk;
    talk.deadline = deadline;
    TRY(converse(talk));
    return {};
}

Result<Bytes> Link::ask(const Question& question, os::Deadline deadline) {
    Talk talk;
    talk.question = &question;
    talk.deadline = deadline;
    auto answer = TRY(converse(talk));
    INVARIANT(answer.has_value());
    return std::move(*answer);
}

/// An error on the way, with the truth about the command's effect.
Error Link::mark(Error error, const Talk& talk) const {
    if (error.code == ErrorCode::deadline_passed && !talk.heard_anything) {
        error = make_error(ErrorCode::no_answer, "the registrar is silent");
    }
    if (talk.sends > 0) {
        error.effect = base::Effect::unknown;
        error.reaction = base::Reaction::reconnect;
    }
    return error;
}

/// Enquires until the question is answered or, without one, until the device holds nothing.
Result<std::optional<Bytes>> Link::converse(Talk& talk) {
    bool over = false;
    for (int i = 0; i < kRoundsMax; ++i) {
        if (clock_.now() >= talk.deadline) {
            return mark(make_error(ErrorCode::deadline_passed, "no answer in time"), talk);
        }
        auto answer = round(talk, over);
        if (!answer) {
            return mark(std::move(answer).error(), talk);
        }
        if (over) {
            return answer;
        }
    }
    return mark(make_error(ErrorCode::no_answer, "the registrar does not finish its answer"), talk);
}

/// One enquiry and what follows from it.
Result<std::optional<Bytes>> Link::round(Talk& talk, bool& over) {
    Heard heard = TRY(enquire(talk.deadline));
    if (heard.kind == Kind::silence) {
        if (++talk.silences >= kEnquiriesMax) {
            return make_error(ErrorCode::no_answer, "the registrar does not react to ENQ");
        }
        return std::optional<Bytes>();
    }
    talk.heard_anything = true;
    talk.silences = 0;
    if (heard.kind == Kind::acknowledge) {
        heard = TRY(hear(kAnswerPoll, true, talk.deadline));
    } else if (heard.kind == Kind::refuse) {
        if (talk.question == nullptr) {
            over = true;
            return std::optional<Bytes>();
        }
        // By the state diagram NAK now means that the device has not received the frame. A restart
        // means it as well, so a document's frame is left to the counters.
        if (talk.sends > 0 && talk.question->once) {
            return make_error(ErrorCode::no_answer, "the registrar holds no answer");
        }
        if (talk.sends >= kSendsMax) {
            return make_error(ErrorCode::no_answer, "the registrar takes no frame");
        }
        heard = TRY(send(talk));
    }
    if (heard.kind == Kind::damaged) {
        TRY(write(Bytes{kNak}, talk.deadline));
    }
    if (heard.kind != Kind::frame) {
        return std::optional<Bytes>();
    }
    auto answer = TRY(accept(talk, heard.frame));
    over = answer.has_value();
    return answer;
}

Result<Link::Heard> Link::enquire(os::Deadline deadline) {
    TRY(drain());
    TRY(write(Bytes{kEnq}, deadline));
    return hear(kEnquiryTime, false, deadline);
}

/// Sends the question's frame and waits for its confirmation and answer.
Result<Link::Heard> Link::send(Talk& talk) {
    const Bytes frame = encode_frame(talk.question->message);
    ++talk.sends;
    Done written = write(frame, talk.deadline);
    if (talk.question->once) {
        last_once_ = clock_.now();
    }
    TRY(std::move(written));
    Heard heard = TRY(hear(kAcknowledgeTime, false, talk.deadline));
    if (heard.kind != Kind::acknowledge && bugs_.resend_without_enq) {
        TRY(write(Bytes{kAck}, talk.deadline));
        TRY(write(frame, talk.deadline));
        heard = TRY(hear(kAcknowledgeTime, false, talk.deadline));
    }
    if (heard.kind == Kind::acknowledge) {
        return hear(kAnswerPoll, true, talk.deadline);
    }
    return heard;
}

/// The next thing of meaning: skips the FF that devices on TCP put between frames, and junk.
Result<Link::Heard> Link::hear(os::Duration wait, bool frames_only, os::Deadline deadline) {
    const os::Deadline until = std::min(deadline, clock_.now() + wait);
    while (true) {
        const std::optional<std::byte> value = TRY(next_byte(until));
        if (!value) {
            return Heard{};
        }
        if (*value == kStx) {
            return take_frame(deadline);
        }
        if (*value == kAck && !frames_only) {
            return Heard{Kind::acknowledge, {}};
        }
        if (*value == kNak && !frames_only) {
            return Heard{Kind::refuse, {}};
        }
    }
}

/// The rest of a frame whose 02 was read.
Result<Link::Heard> Link::take_frame(os::Deadline deadline) {
    Bytes frame{kStx};
    std::size_t whole = kFrameOverheadBytes - 1;
    while (frame.size() < whole) {
        const os::Deadline until = std::min(deadline, clock_.now() + kByteTime);
        const std::optional<std::byte> value = TRY(next_byte(until));
        if (!value) {
            return Heard{Kind::damaged, {}};
        }
        frame.push_back(*value);
        if (frame.size() == 2) {
            whole = base::to_unsigned(*value) + kFrameOverheadBytes;
        }
    }
    if (!decode_frame(frame)) {
        return Heard{Kind::damaged, {}};
    }
    return Heard{Kind::frame, std::move(frame)};
}

/// A whole frame came: the answer asked for, or an old one.
Result<std::optional<Bytes>> Link::accept(Talk& talk, const Bytes& frame) {
    Bytes message = TRY(decode_frame(frame));
    const Question* question = talk.question;
    bool ours = question != nullptr && talk.sends > 0 && is_answer_to(question->command, message);
    if (bugs_.accept_stale_answer && question != nullptr) {
        ours = true;
    }
    if (bugs_.acknowledge_before_durable) {
        TRY(write(Bytes{kAck}, talk.deadline));
    }
    if (!ours) {
        TRY(witness_old(frame));
    } else if (question->before_acknowledge) {
        TRY(question->before_acknowledge(frame));
    }
    if (!bugs_.acknowledge_before_durable) {
        const Done acknowledged = write(Bytes{kAck}, talk.deadline);
        if (!acknowledged && !ours) {
            return acknowledged.error();
        }
        // Our own answer is known and, if need be, durable: what stays unacknowledged is offered
        // again and recognised as old.
    }
    return ours ? std::optional<Bytes>(std::move(message)) : std::nullopt;
}

/// Hands an old answer to its witness, once even if the device offers it again.
Done Link::witness_old(const Bytes& frame) {
    if (bugs_.acknowledge_before_durable || !old_answer_ || frame == last_old_) {
        return {};
    }
    TRY(old_answer_(frame));
    last_old_ = frame;
    return {};
}

/// Nothing, if none comes until then.
Result<std::optional<std::byte>> Link::next_byte(os::Deadline until) {
    if (taken_.empty()) {
        std::array<std::byte, kReadBytes> buffer{};
        const auto count = line_.read(buffer, until);
        if (!count && count.error().code == ErrorCode::deadline_passed) {
            return std::optional<std::byte>();
        }
        if (!count) {
            return count.error();
        }
        taken_.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*count));
    }
    const std::byte value = taken_.front();
    taken_.erase(taken_.begin());
    return std::optional<std::byte>(value);
}

Done Link::write(base::ByteView bytes, os::Deadline deadline) {
    return line_.write(bytes, deadline);
}

Done Link::rest(os::Instant until) {
    taken_.clear();
    std::array<std::byte, kReadBytes> buffer{};
    while (clock_.now() < until) {
        const auto count = line_.read(buffer, until);
        if (!count && count.error().code != ErrorCode::deadline_passed) {
            return count.error();
        }
    }
    return {};
}

/// Throws away what came before the enquiry, so that its answer is not an older one's. Answers are
/// not lost by that: the device keeps them until they are acknowledged.
Done Link::drain() {
    taken_.clear();
    std::array<std::byte, kReadBytes> buffer{};
    for (std::size_t total = 0; total < kDrainBytesMax;) {
        const auto count = line_.read(buffer, clock_.now());
        if (!count) {
            return count.error().code == ErrorCode::deadline_passed ? Done() : count.error();
        }
        total += *count;
    }
    return make_error(ErrorCode::no_answer, "the line is full of junk: check the speed");
}

}  // namespace tillhost::drivers::shtrih
