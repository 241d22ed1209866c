#include "hal/drivers/printer/escpos/dialogue.h"

#include <algorithm>
#include <array>

#include "hal/drivers/printer/escpos/protocol.h"

namespace tillhost::drivers::escpos {
namespace {

using base::Done;
using base::ErrorCode;
using base::Result;

constexpr std::size_t kReadBytes = 512;
/// The interrupt side of a printer answers in milliseconds; a network and a slow one are allowed
/// for.
constexpr os::Duration kNowTime = std::chrono::seconds(2);
constexpr os::Duration kNameTime = std::chrono::seconds(1);
/// Answers noted at one go; a printer that never stops talking is broken.
constexpr std::size_t kAnswersMax = 1024;
constexpr std::size_t kJunkBytesMax = 16;

}  // namespace

Done Dialogue::write(base::ByteView bytes, os::Deadline deadline) {
    return line_->write(bytes, deadline);
}

void Dialogue::note(const Answer& answer) {
    if (const auto* told = std::get_if<StatusTold>(&answer)) {
        take_told(state_, *told);
    } else if (const auto* mark = std::get_if<MarkSeen>(&answer)) {
        last_mark_ = mark->id;
    } else if (std::holds_alternative<StatusInTurn>(answer)) {
        ++answers_in_turn_;
    } else if (const auto* junk = std::get_if<Junk>(&answer)) {
        for (const std::byte value : junk->bytes) {
            if (junk_.size() < kJunkBytesMax) {
                junk_.push_back(value);
            }
        }
    }
}

Result<std::optional<Answer>> Dialogue::next(os::Deadline deadline) {
    while (true) {
        if (auto answer = reader_.take()) {
            note(*answer);
            return answer;
        }
        std::array<std::byte, kReadBytes> buffer;
        const auto count = line_->read(buffer, deadline);
        if (!count && count.error().code == ErrorCode::deadline_passed) {
            return std::optional<Answer>();
        }
        if (!count) {
            return count.error();
        }
        reader_.add(base::ByteView(buffer).first(*count));
    }
}

Done Dialogue::take_arrived() {
    for (std::size_t i = 0; i < kAnswersMax; ++i) {
        if (!TRY(next(clock_.now()))) {
            return {};
        }
    }
    return base::make_error(ErrorCode::frame_damaged, "the printer does not stop talking");
}

Result<std::optional<std::byte>> Dialogue::ask_now(std::uint8_t n, os::Deadline deadline) {
    const os::Deadline until = std::min(deadline, clock_.now() + kNowTime);
    TRY(take_arrived());
    const Done asked = write(escpos::ask_now(n), until);
    if (!asked && asked.error().code == ErrorCode::deadline_passed &&
        asked.error().effect == base::Effect::none) {
        return std::optional<std::byte>();  // the line is full up to here
    }
    TRY(Done(asked));
    for (std::size_t i = 0; i < kAnswersMax; ++i) {
        const auto answer = TRY(next(until));
        if (!answer) {
            return std::optional<std::byte>();
        }
        if (const auto* status = std::get_if<StatusNow>(&*answer)) {
            return std::optional(status->value);
        }
    }
    return base::make_error(ErrorCode::frame_damaged, "the printer does not stop talking");
}

Result<bool> Dialogue::ask_state(os::Deadline deadline) {
    constexpr std::uint8_t kLast = 4;
    State asked;
    for (std::uint8_t n = 1; n <= kLast; ++n) {
        const auto value = TRY(ask_now(n, deadline));
        if (!value) {
            return false;
        }
        take_now(asked, n, *value);
    }
    state_ = asked;
    return true;
}

Result<bool> Dialogue::ask_in_turn(std::uint8_t n, os::Deadline deadline) {
    TRY(take_arrived());
    TRY(write(escpos::ask_in_turn(n), deadline));
    for (std::size_t i = 0; i < kAnswersMax; ++i) {
        const auto answer = TRY(next(deadline));
        if (!answer) {
            return false;
        }
        if (const auto* status = std::get_if<StatusInTurn>(&*answer)) {
            take_in_turn(state_, n, status->value);
            return true;
        }
    }
    return base::make_error(ErrorCode::frame_damaged, "the printer does not stop talking");
}

Result<std::string> Dialogue::ask_name(std::uint8_t n, os::Deadline deadline) {
    const os::Deadline until = std::min(deadline, clock_.now() + kNameTime);
    TRY(take_arrived());
    TRY(write(escpos::ask_name(n), until));
    for (std::size_t i = 0; i < kAnswersMax; ++i) {
        const auto answer = TRY(next(until));
        if (!answer) {
            break;
        }
        if (const auto* named = std::get_if<Named>(&*answer)) {
            return named->text;
        }
    }
    return std::string();
}

}  // namespace tillhost::drivers::escpos
