#include "hal/drivers/fiscal/shtrih/link_numbered.h"

#include <fmt/format.h>

#include <algorithm>

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using base::Done;
using base::Error;
using base::ErrorCode;
using base::make_error;
using base::Result;

/// How long an answer may take. The times of the vendor's driver (javapos_shtrih), but for the
/// status, which a device that has just closed a document leaves unanswered for 3 s and more, and
/// for marking codes, which have the same budget on both layers.
os::Duration patience_for(Command command) {
    using std::chrono::seconds;
    if (command == Command::short_status || command == Command::full_status) {
        return seconds(10);
    }
    if (command == Command::z_report) {
        return seconds(65);
    }
    if (command == Command::check_marking || command == Command::bind_marking) {
        return kMarkingBudget;
    }
    return command == Command::open_shift ? seconds(120) : seconds(30);
}

}  // namespace

/// The ping's answer tells the number of the last command, and what became of it.
Done NumberedLink::collect(os::Deadline deadline) {
    line_.listen_anew();
    for (int i = 0; i < pings_max_ && clock_.now() < deadline; ++i) {
        reader_.abandon();
        TRY(line_.drain());
        TRY(line_.write(encode_numbered({}), deadline));
        const auto heard = TRY(hear(std::min(deadline, clock_.now() + kPingTime)));
        if (heard) {
            last_.reset();
            TRY(witness_old(*heard));
            last_ = heard->number;
            return {};
        }
    }
    return line_.unanswered("the registrar does not react to a ping");
}

Result<Bytes> NumberedLink::ask(const Question& question, os::Deadline deadline) {
    Talk talk{question, deadline};
    for (int i = 0; i <= kResyncsMax; ++i) {
        Done known = last_ ? Done() : collect(deadline);
        if (known && question.repeat == Repeat::never && talk.sends == 0) {
            known = leave_fresh_numbers(deadline);
        }
        if (!known) {
            return mark(std::move(known).error(), talk);
        }
        auto answer = exchange(talk);
        if (!answer) {
            return mark(std::move(answer).error(), talk);
        }
        if (*answer) {
            return std::move(**answer);
        }
        if (question.repeat != Repeat::freely && !bugs_.renumber_unanswered) {
            break;
        }
        last_.reset();
    }
    return mark(make_error(ErrorCode::unexpected_answer,
                           "the registrar's last command is not the one that was sent"),
                talk);
}

/// An error on the way. What the device executed last is not certain any more.
Error NumberedLink::mark(Error error, const Talk& talk) {
    last_.reset();
    return with_effect(std::move(error), talk.sends, talk.heard_anything);
}

/// Sends a frame, again and again under one number. Nothing if host and device are out of step.
Result<std::optional<Bytes>> NumberedLink::exchange(Talk& talk) {
    const Bytes frame = encode_numbered({next(), talk.question.message});
    const os::Instant patience = clock_.now() + patience_for(talk.question.command);
    const os::Deadline end = std::min(talk.deadline, patience);
    os::Duration wait = kResendTime;
    reader_.abandon();
    TRY(line_.drain());
    while (clock_.now() < end) {
        ++talk.sends;
        Done written = line_.write(frame, talk.deadline);
        if (talk.question.repeat == Repeat::never) {
            last_once_ = clock_.now();
        }
        TRY(std::move(written));
        bool desync = false;
        auto answer = TRY(listen(talk, std::min(end, clock_.now() + wait), desync));
        if (answer || desync || bugs_.renumber_unanswered) {
            return answer;
        }
        wait = std::min(wait * 2, kResendTimeMax);
    }
    const ErrorCode code = end < talk.deadline ? ErrorCode::no_answer : ErrorCode::deadline_passed;
    return make_error(code, "no answer in time");
}

/// Hears frames until ours comes, or one that is none of ours, or the time is over.
Result<std::optional<Bytes>> NumberedLink::listen(Talk& talk, os::Deadline until, bool& desync) {
    while (true) {
        auto heard = TRY(hear(until));
        if (!heard) {
            return std::optional<Bytes>();
        }
        talk.heard_anything = true;
        if (is_ours(talk, *heard)) {
            return std::optional<Bytes>(TRY(accept(talk, std::move(*heard))));
        }
        if (!is_late_copy(*heard)) {
            desync = true;
            TRY(witness_old(*heard));
            return std::optional<Bytes>();
        }
    }
}

bool NumberedLink::is_ours(const Talk& talk, const NumberedFrame& heard) const {
    if (bugs_.accept_stale_answer && !heard.message.empty()) {
        return true;
    }
    return heard.number == next() && is_answer_to(talk.question.command, heard.message);
}

bool NumberedLink::is_late_copy(const NumberedFrame& heard) const { return heard.number == last_; }

Result<Bytes> NumberedLink::accept(const Talk& talk, NumberedFrame heard) {
    last_ = heard.number;
    if (bugs_.acknowledge_before_durable && talk.question.before_acknowledge) {
        TRY(erase_answer(talk.deadline));
    }
    if (talk.question.before_acknowledge) {
        TRY(talk.question.before_acknowledge(encode_numbered(heard)));
    }
    last_seen_ = heard;
    return std::move(heard.message);
}

/// The next frame with a number; nothing if none comes until then.
Result<std::optional<NumberedFrame>> NumberedLink::hear(os::Deadline until) {
    while (true) {
        const os::Deadline pause =
            reader_.inside() ? std::min(until, clock_.now() + kByteTime) : until;
        const std::optional<std::byte> value = TRY(line_.next_byte(pause));
        if (!value) {
            reader_.abandon();
            if (clock_.now() >= until) {
                return std::optional<NumberedFrame>();
            }
            continue;
        }
        auto frame = reader_.feed(*value);
        if (frame && !frame->is_ping()) {
            return frame;
        }
    }
}

/// Hands an answer that is not ours to its witness, once even if the device repeats it.
Done NumberedLink::witness_old(const NumberedFrame& heard) {
    if (bugs_.acknowledge_before_durable || !old_answer_ || heard.message.empty() ||
        heard == last_seen_) {
        return {};
    }
    TRY(old_answer_(encode_numbered(heard)));
    last_seen_ = heard;
    return {};
}

/// Uses up the numbers that a device could take for its first ones.
Done NumberedLink::leave_fresh_numbers(os::Deadline deadline) {
    for (int i = 0; i < kFreshNumbers && next() < kFreshNumbers; ++i) {
        TRY(erase_answer(deadline));
    }
    return {};
}

Done NumberedLink::erase_answer(os::Deadline deadline) {
    TRY(ask({Command::device_type, device_type_request(), Repeat::freely}, deadline));
    return {};
}

std::uint16_t NumberedLink::next() const {
    INVARIANT(last_.has_value());
    return static_cast<std::uint16_t>(*last_ + 1);
}

Result<std::int64_t> NumberedLink::next_number(os::Deadline deadline) {
    if (!last_) {
        TRY(collect(deadline));
    }
    TRY(leave_fresh_numbers(deadline));
    return std::int64_t{next()};
}

Done NumberedLink::rest(os::Instant until) {
    reader_.abandon();
    return line_.rest(until);
}

}  // namespace tillhost::drivers::shtrih
