#include "hal/drivers/payment/zvt/dialogue.h"

#include <algorithm>
#include <utility>

#include "hal/base/text.h"
#include "hal/drivers/payment/zvt/errors.h"
#include "hal/drivers/payment/zvt/steps.h"

namespace tillhost::drivers::zvt {
namespace {

using base::ByteView;
using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

/// To hand one message to the line; on a serial line three sends of 5 s.
constexpr os::Duration kSendTime = std::chrono::seconds(20);
/// Between the end of a wait and that of the process: the acknowledgement, a durable record.
constexpr os::Duration kSlack = std::chrono::seconds(30);
constexpr std::size_t kPromptBytesMax = 500;
/// Messages of something before that are taken ahead of a command, and how long one may follow
/// another.
constexpr int kStraysMax = 16;
constexpr os::Duration kStrayGap = std::chrono::milliseconds(250);

/// Something was said to the terminal; only it knows what it did.
base::Error after_sending(base::Error error) {
    error.effect = base::Effect::unknown;
    return error;
}

}  // namespace

base::Error refusal(const Ending& ending) {
    if (ending.kind == Ending::Kind::refused && ending.code == kCodeWrongPin) {
        base::Error error = make_error(ErrorCode::wrong_password,
                                       "the terminal refuses the till's password: set it");
        error.device_code = ending.code;
        return error;
    }
    return refusal(ending.code, ending.text);
}

Result<Ending> Dialogue::run(const Call& call, Listener& listener, os::Deadline deadline) {
    Talk talk{call, listener, deadline, {}};
    if (Done quiet = take_strays(talk); !quiet) {
        base::Error error = quiet.error();
        error.effect = base::Effect::none;  // of this command
        error.reaction = base::Reaction::reconnect;
        return error;
    }
    TRY(link_.send(call.command, std::min(deadline, clock_.now() + kSendTime)));
    talk.limit = clock_.now() + timeouts_.answer;
    while (!talk.end) {
        const Done done = step(talk);
        if (!done) {
            return after_sending(done.error());
        }
    }
    return std::move(*talk.end);
}

Done Dialogue::take_strays(Talk& talk) {
    os::Deadline until = clock_.now();
    for (int i = 0; i < kStraysMax; ++i) {
        const auto raw = link_.receive(until);
        if (!raw && raw.error().code == ErrorCode::cancelled) {
            talk.abort_wanted = talk.call.breakable;
            continue;
        }
        if (!raw) {
            return raw.error().code == ErrorCode::deadline_passed ? Done() : raw.error();
        }
        const Apdu apdu = TRY(decode_apdu(*raw));
        if (!apdu.is_response()) {
            TRY(on_stray(talk, *raw, apdu));
        }
        until = clock_.now() + kStrayGap;
    }
    return make_error(ErrorCode::terminal_busy, "the terminal goes on with something before");
}

/// Takes the terminal's next message, or finds that there is none.
Done Dialogue::step(Talk& talk) {
    const auto raw = link_.receive(std::min(talk.limit, talk.deadline));
    if (!raw) {
        return on_silence(talk, raw.error());
    }
    const Apdu apdu = TRY(decode_apdu(*raw));
    if (apdu.is_response()) {
        return on_response(talk, apdu);
    }
    const bool ends = apdu.is(Command::completion) || apdu.is(Command::abort_of_terminal);
    if (!talk.accepted && (!talk.call.money || ends)) {
        return on_stray(talk, *raw, apdu);
    }
    if (!talk.accepted) {
        TRY(accept(talk));
    }
    return on_message(talk, *raw, apdu);
}

Done Dialogue::on_silence(Talk& talk, const base::Error& error) {
    if (error.code == ErrorCode::cancelled) {
        // Before the command is answered a refusal of the abort would look like one of the command.
        talk.abort_wanted = talk.call.breakable;
        return talk.abort_wanted && talk.accepted ? break_off(talk) : Done();
    }
    if (error.code != ErrorCode::deadline_passed) {
        return error;
    }
    if (!talk.accepted) {
        return make_error(ErrorCode::no_answer, "the terminal does not answer the command");
    }
    if (clock_.now() >= talk.deadline || !talk.call.breakable ||
        (talk.abort_sent && !talk.abort_refused)) {
        return make_error(ErrorCode::deadline_passed, "the terminal does not end the procedure");
    }
    if (!talk.abort_sent) {
        return break_off(talk);
    }
    // It answered that it is too late to break off: it is at work, and to hang up would only hide
    // the end.
    wait_longer(talk, timeouts_.completion);
    return Done();
}

Done Dialogue::accept(Talk& talk) {
    talk.accepted = true;
    wait_longer(talk, timeouts_.completion);
    return talk.abort_wanted ? break_off(talk) : Done();
}

Done Dialogue::break_off(Talk& talk) {
    if (std::exchange(talk.abort_sent, true)) {
        return {};
    }
    const bool late = clock_.now() >= talk.limit;
    TRY(link_.send(write_abort(), clock_.now() + kSendTime));
    if (late) {
        wait_longer(talk, timeouts_.answer);
    }
    return {};
}

Done Dialogue::on_response(Talk& talk, const Apdu& apdu) {
    if (!talk.accepted && apdu.is_acceptance()) {
        return accept(talk);
    }
    if (!talk.accepted) {
        Ending ending;
        ending.code = apdu.instruction();
        constexpr std::uint8_t kRegistrationRefused = 0x1E;
        if (ending.code == kRegistrationRefused && !apdu.data.empty()) {
            ending.code = static_cast<std::uint8_t>(base::to_unsigned(apdu.data[0]));
        }
        TRY(talk.listener.on_end(ending));
        talk.end = std::move(ending);
        return {};
    }
    if (!talk.abort_sent || talk.abort_answered) {
        // The first one answered something before: this procedure may be of that.
        return make_error(ErrorCode::unexpected_answer, "the terminal answers a command twice");
    }
    talk.abort_answered = true;
    talk.abort_refused = !apdu.is_acceptance();
    wait_longer(talk, timeouts_.completion);
    return {};
}

Done Dialogue::on_message(Talk& talk, ByteView raw, const Apdu& apdu) {
    if (apdu.is(Command::intermediate)) {
        // First, so that the terminal goes on while devd is told.
        TRY(acknowledge());
        show(talk, apdu);
        return {};
    }
    if (apdu.is(Command::result)) {
        wait_longer(talk, timeouts_.completion);
        TRY(talk.listener.on_result(raw, read_status_info(apdu.data)));
        return acknowledge();
    }
    if (apdu.is(Command::print_line) || apdu.is(Command::print_block)) {
        wait_longer(talk, timeouts_.completion);
        const bool block = apdu.is(Command::print_block);
        TRY(talk.listener.on_printed(
            raw, block ? read_print_block(apdu.data) : read_print_line(apdu.data)));
        return acknowledge();
    }
    if (apdu.is(Command::completion)) {
        const std::uint8_t code = read_completion(apdu.data).value_or(0);
        return on_end(talk, {Ending::Kind::completed, code, apdu.data, {}});
    }
    if (apdu.is(Command::abort_of_terminal)) {
        const Aborted aborted = read_aborted(apdu.data);
        return on_end(talk, {Ending::Kind::aborted, aborted.code, apdu.data,
                             to_utf8(charset_, aborted.text)});
    }
    if (apdu.is(Command::set_till_clock)) {
        return acknowledge();
    }
    // Dial-up, input, menus: not offered at registration. A refusal is a word on money only behind
    // 04 0F, and that is answered above.
    return link_.send(write_not_possible(), clock_.now() + kSendTime);
}

Done Dialogue::on_stray(Talk& talk, ByteView raw, const Apdu& apdu) {
    TRY(talk.listener.on_stray(raw, apdu));
    return acknowledge();
}

Done Dialogue::on_end(Talk& talk, Ending ending) {
    TRY(talk.listener.on_end(ending));
    talk.end = std::move(ending);
    // By its end the terminal has settled the matter; this acknowledgement changes nothing.
    static_cast<void>(acknowledge());
    return {};
}

void Dialogue::show(Talk& talk, const Apdu& apdu) {
    const Intermediate told = read_intermediate(apdu.data);
    const os::Duration time = told.minutes.value_or(0) > 0
                                  ? os::Duration(std::chrono::minutes(*told.minutes))
                                  : timeouts_.completion;
    wait_longer(talk, std::max(time, timeouts_.completion));
    if (gate_ != nullptr) {
        const std::string text =
            told.text.empty() ? std::string(step_text(told.code)) : to_utf8(charset_, told.text);
        gate_->prompt(prompt_of(told.code), base::cut_utf8(text, kPromptBytesMax));
    }
}

void Dialogue::wait_longer(Talk& talk, os::Duration time) {
    talk.limit = clock_.now() + time;
    if (gate_ != nullptr) {
        gate_->announce(talk.call.step, std::min(talk.limit, talk.deadline) + kSlack);
    }
}

Done Dialogue::acknowledge() {
    return link_.is_superseded() ? Done() : link_.send(write_accepted(), clock_.now() + kSendTime);
}

}  // namespace tillhost::drivers::zvt
