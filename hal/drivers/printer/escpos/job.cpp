#include "hal/drivers/printer/escpos/job.h"

#include <algorithm>

#include "hal/drivers/printer/escpos/errors.h"
#include "hal/drivers/printer/escpos/protocol.h"

namespace tillhost::drivers::escpos {
namespace {

using base::Bytes;
using base::Done;
using base::Effect;
using base::ErrorCode;
using base::make_error;

constexpr std::size_t kPieceBytes = 1024;
/// Nothing new for so long: the printer is asked how it is.
constexpr os::Duration kPollEvery = std::chrono::seconds(2);
constexpr int kSilentPollsMax = 3;
/// A document that was sent whole is printed in this time and the printer's own for its bytes: a
/// slow one prints 1000 characters in 10 s.
constexpr os::Duration kEndTime = std::chrono::seconds(30);
constexpr os::Duration kEndTimePerByte = std::chrono::milliseconds(10);
/// Left of the operation's time for the answer to it.
constexpr os::Duration kReserve = std::chrono::seconds(5);

/// In which a printer that is not at a standstill has dealt with so much.
os::Duration time_for(std::size_t bytes) {
    return kEndTime + kEndTimePerByte * static_cast<std::int64_t>(bytes);
}

constexpr std::string_view kHowToRepeat =
    "; what the printer holds may still come out: print it again only as a copy";

}  // namespace

bool Job::ended() const {
    switch (terms_.ending) {
        case Ending::mark: return dialogue_.last_mark() == terms_.mark;
        case Ending::in_turn: return dialogue_.answers_in_turn() > in_turn_before_;
        case Ending::nothing: break;
    }
    return true;
}

Done Job::run(const std::vector<Bytes>& commands) {
    gate_.announce("printing", deadline_);
    deadline_ -= kReserve;
    Done done = send(commands);
    if (!done && sent_ && terms_.ending != Ending::nothing && ended()) {
        return {};  // what became of the line behind its end changes nothing
    }
    if (!done && done.error().code == ErrorCode::deadline_passed) {
        const auto obstacle = obstacle_of(dialogue_.state());
        done = make_error(obstacle ? obstacle->code : ErrorCode::no_answer,
                          std::string(obstacle ? obstacle->text : "the printer takes no data"));
    }
    if (!done) {
        done.error().effect = begun_ ? Effect::unknown : Effect::none;
        done.error().detail += begun_ ? kHowToRepeat : "";
    }
    return done;
}

Done Job::send(const std::vector<Bytes>& commands) {
    TRY(dialogue_.take_arrived());
    in_turn_before_ = dialogue_.answers_in_turn();
    Bytes piece;
    std::size_t sent = 0;
    for (const Bytes& command : commands) {
        if (!piece.empty() && piece.size() + command.size() > kPieceBytes) {
            TRY(write(piece));
            piece.clear();
        }
        piece.insert(piece.end(), command.begin(), command.end());
        sent += command.size();
    }
    const Bytes end = terms_.ending == Ending::mark      ? mark(terms_.mark)
                      : terms_.ending == Ending::in_turn ? ask_in_turn(1)
                                                         : Bytes();
    piece.insert(piece.end(), end.begin(), end.end());
    sent_ = true;  // or the writing fails, and no end is seen
    TRY(write(piece));
    return await_end(sent);
}

Done Job::write(base::ByteView piece) {
    if (begun_ && obstacle_of(dialogue_.state())) {
        TRY(await_person());
    }
    // It may have come to a standstill and be unable to say so.
    const Done written = dialogue_.write(
        piece, std::min(deadline_, clock_.now() + terms_.patience + time_for(piece.size())));
    cut_ = !written && written.error().effect != Effect::none;
    begun_ = begun_ || written || written.error().effect != Effect::none;
    if (!written && written.error().code == ErrorCode::deadline_passed) {
        TRY(dialogue_.take_arrived());  // it may have said why
    }
    TRY(Done(written));
    return dialogue_.take_arrived();
}

/// Something that the printer says, or, if it is silent, what it answers.
Done Job::listen(os::Deadline until) {
    const auto answer = TRY(dialogue_.next(std::min(until, clock_.now() + kPollEvery)));
    if (answer) {
        silent_ = 0;
        return {};
    }
    if (!terms_.polls || ended()) {
        return {};
    }
    // At a standstill with a full buffer the line may not even take a question.
    const bool answered = TRY(dialogue_.ask_state(deadline_));
    silent_ = answered || obstacle_of(dialogue_.state()) ? 0 : silent_ + 1;
    if (silent_ >= kSilentPollsMax) {
        return make_error(ErrorCode::no_answer, "the printer does not answer any more");
    }
    return {};
}

Done Job::await_person() {
    const os::Deadline until = std::min(deadline_, clock_.now() + terms_.patience);
    gate_.announce("waiting for the printer", deadline_);
    while (const auto obstacle = obstacle_of(dialogue_.state())) {
        if (ended() && terms_.ending != Ending::nothing) {
            return {};
        }
        if (clock_.now() >= until) {
            return make_error(obstacle->code, std::string(obstacle->text));
        }
        TRY(listen(until));
    }
    gate_.announce("printing", deadline_);
    return {};
}

Done Job::await_end(std::size_t bytes) {
    os::Deadline until = std::min(deadline_, clock_.now() + time_for(bytes));
    while (!ended()) {
        if (obstacle_of(dialogue_.state())) {
            TRY(await_person());
            until = std::min(deadline_, clock_.now() + time_for(bytes));
            continue;
        }
        if (clock_.now() >= until) {
            return make_error(ErrorCode::no_answer, "the printer does not say that it has printed");
        }
        TRY(listen(until));
    }
    return {};
}

}  // namespace tillhost::drivers::escpos
