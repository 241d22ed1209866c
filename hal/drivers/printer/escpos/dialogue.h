#pragma once

#include <memory>
#include <optional>
#include <string>

#include "hal/drivers/printer/escpos/answers.h"
#include "hal/os/clock.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::escpos {

/// Questions, answers, and what comes unasked, on an open line. Whatever is read is noted: the
/// state that the printer tells of, the last mark, the answers in turn.
/// Errors of all calls: those of transport::Transport, but a wait that ends is no error here, nor
/// is a question by DLE EOT that a full line does not take.
class Dialogue final {
public:
    Dialogue(std::unique_ptr<transport::Transport> line, const os::Clock& clock)
        : line_(std::move(line)), clock_(clock) {}

    base::Done write(base::ByteView bytes, os::Deadline deadline);
    /// The next answer, noted already; nothing: none was whole by the deadline.
    base::Result<std::optional<Answer>> next(os::Deadline deadline);
    /// Notes what has arrived, without waiting.
    base::Done take_arrived();

    /// Asks by DLE EOT 1 to 4 and notes the answers. False: the printer said nothing to one.
    base::Result<bool> ask_state(os::Deadline deadline);
    /// Asks by GS r 1 (paper) or 2 (drawer). False: no answer by the deadline.
    base::Result<bool> ask_in_turn(std::uint8_t n, os::Deadline deadline);
    /// Asks by GS I; empty: no text came in a second.
    base::Result<std::string> ask_name(std::uint8_t n, os::Deadline deadline);

    const State& state() const { return state_; }
    /// The last one that was answered; empty: none.
    const std::string& last_mark() const { return last_mark_; }
    /// Answers to GS r since the line was opened.
    std::size_t answers_in_turn() const { return answers_in_turn_; }
    /// What has come that belongs to nothing, for people.
    const base::Bytes& junk() const { return junk_; }

private:
    base::Result<std::optional<std::byte>> ask_now(std::uint8_t n, os::Deadline deadline);
    void note(const Answer& answer);

    std::unique_ptr<transport::Transport> line_;
    const os::Clock& clock_;
    AnswerReader reader_;
    State state_;
    std::string last_mark_;
    std::size_t answers_in_turn_ = 0;
    base::Bytes junk_;
};

}  // namespace tillhost::drivers::escpos
