#include "hal/drivers/fiscal/shtrih/link_standard.h"

#include <algorithm>
#include <utility>

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using base::Done;
using base::Error;
using base::ErrorCode;
using base::make_error;
using base::Result;

}  // namespace

Done StandardLink::collect(os::Deadline deadline) {
    Talk talk;
    talk.deadline = deadline;
    line_.listen_anew();
    const auto collected = converse(talk);
    if (collected) {
        return {};
    }
    const bool strange = collected.error().code == ErrorCode::no_answer && !talk.heard_anything;
    return strange ? line_.unanswered("the registrar does not react to ENQ") : collected.error();
}

Result<Bytes> StandardLink::ask(const Question& question, os::Deadline deadline) {
    Talk talk;
    talk.question = &question;
    talk.deadline = deadline;
    auto answer = TRY(converse(talk));
    INVARIANT(answer.has_value());
    return std::move(*answer);
}

/// Enquires until the question is answered or, without one, until the device holds nothing.
Result<std::optional<Bytes>> StandardLink::converse(Talk& talk) {
    bool over = false;
    for (int i = 0; i < kRoundsMax; ++i) {
        if (clock_.now() >= talk.deadline) {
            return with_effect(make_error(ErrorCode::deadline_passed, "no answer in time"),
                               talk.sends, talk.heard_anything);
        }
        auto answer = round(talk, over);
        if (!answer) {
            return with_effect(std::move(answer).error(), talk.sends, talk.heard_anything);
        }
        if (over) {
            return answer;
        }
    }
    return with_effect(make_error(ErrorCode::no_answer, "the registrar does not finish its answer"),
                       talk.sends, talk.heard_anything);
}

/// One enquiry and what follows from it.
Result<std::optional<Bytes>> StandardLink::round(Talk& talk, bool& over) {
    Heard heard = TRY(enquire(talk.deadline));
    if (heard.kind == Kind::silence) {
        if (++talk.silences >= enquiries_max_) {
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
        if (talk.sends > 0 && talk.question->repeat == Repeat::never) {
            return make_error(ErrorCode::no_answer, "the registrar holds no answer");
        }
        if (talk.sends >= kSendsMax) {
            return make_error(ErrorCode::no_answer, "the registrar takes no frame");
        }
        heard = TRY(send(talk));
    }
    if (heard.kind == Kind::damaged) {
        TRY(line_.write(Bytes{kNak}, talk.deadline));
    }
    if (heard.kind != Kind::frame) {
        return std::optional<Bytes>();
    }
    auto answer = TRY(accept(talk, heard.frame));
    over = answer.has_value();
    return answer;
}

Result<StandardLink::Heard> StandardLink::enquire(os::Deadline deadline) {
    TRY(line_.drain());
    TRY(line_.write(Bytes{kEnq}, deadline));
    return hear(kEnquiryTime, false, deadline);
}

/// Sends the question's frame and waits for its confirmation and answer.
Result<StandardLink::Heard> StandardLink::send(Talk& talk) {
    const Bytes frame = encode_frame(talk.question->message);
    ++talk.sends;
    Done written = line_.write(frame, talk.deadline);
    if (talk.question->repeat == Repeat::never) {
        last_once_ = clock_.now();
    }
    TRY(std::move(written));
    Heard heard = TRY(hear(kAcknowledgeTime, false, talk.deadline));
    if (heard.kind != Kind::acknowledge && bugs_.resend_without_enq) {
        TRY(line_.write(Bytes{kAck}, talk.deadline));
        TRY(line_.write(frame, talk.deadline));
        heard = TRY(hear(kAcknowledgeTime, false, talk.deadline));
    }
    if (heard.kind == Kind::acknowledge) {
        return hear(kAnswerPoll, true, talk.deadline);
    }
    return heard;
}

/// The next thing of meaning: skips the FF that devices on TCP put between frames, and junk.
Result<StandardLink::Heard> StandardLink::hear(os::Duration wait, bool frames_only,
                                               os::Deadline deadline) {
    const os::Deadline until = std::min(deadline, clock_.now() + wait);
    while (true) {
        const std::optional<std::byte> value = TRY(line_.next_byte(until));
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
Result<StandardLink::Heard> StandardLink::take_frame(os::Deadline deadline) {
    Bytes frame{kStx};
    std::size_t whole = kFrameOverheadBytes - 1;
    while (frame.size() < whole) {
        const os::Deadline until = std::min(deadline, clock_.now() + kByteTime);
        const std::optional<std::byte> value = TRY(line_.next_byte(until));
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
Result<std::optional<Bytes>> StandardLink::accept(Talk& talk, const Bytes& frame) {
    Bytes message = TRY(decode_frame(frame));
    const Question* question = talk.question;
    bool ours = question != nullptr && talk.sends > 0 && is_answer_to(question->command, message);
    if (bugs_.accept_stale_answer && question != nullptr) {
        ours = true;
    }
    if (bugs_.acknowledge_before_durable) {
        TRY(line_.write(Bytes{kAck}, talk.deadline));
    }
    if (!ours) {
        TRY(witness_old(frame));
    } else if (question->before_acknowledge) {
        TRY(question->before_acknowledge(frame));
    }
    if (!bugs_.acknowledge_before_durable) {
        const Done acknowledged = line_.write(Bytes{kAck}, talk.deadline);
        if (!acknowledged && !ours) {
            return acknowledged.error();
        }
        // Our own answer is known and, if need be, durable: what stays unacknowledged is offered
        // again and recognised as old.
    }
    return ours ? std::optional<Bytes>(std::move(message)) : std::nullopt;
}

/// Hands an old answer to its witness, once even if the device offers it again.
Done StandardLink::witness_old(const Bytes& frame) {
    if (bugs_.acknowledge_before_durable || !old_answer_ || frame == last_old_) {
        return {};
    }
    TRY(old_answer_(frame));
    last_old_ = frame;
    return {};
}

}  // namespace tillhost::drivers::shtrih
