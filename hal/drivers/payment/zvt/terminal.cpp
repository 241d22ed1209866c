#include "hal/drivers/payment/zvt/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/drivers/payment/zvt/errors.h"
#include "hal/drivers/payment/zvt/evidence.h"
#include "hal/drivers/payment/zvt/visit.h"

namespace tillhost::drivers::zvt {

using base::Bytes;
using base::Done;
using base::Effect;
using base::ErrorCode;
using base::make_error;
using base::Result;

namespace {

constexpr os::Duration kConnectTime = std::chrono::seconds(10);
/// A question and its prints.
constexpr os::Duration kQuestionTime = std::chrono::seconds(60);
constexpr std::size_t kTextBytesMax = 500;

/// Keeps what a procedure without money says.
class QuestionListener final : public Listener {
public:
    /// Both null but in recovery; there what comes may be of the operation, and is kept, unless a
    /// result is what was asked for.
    QuestionListener(Charset charset, device::Gate* evidence, PrintKeeper* prints,
                     bool tells_result = false)
        : collector_(charset, false),
          evidence_(evidence),
          prints_(prints),
          tells_result_(tells_result) {}

    Done on_result(base::ByteView apdu, const StatusInfo& info) override {
        info_ = info;
        return evidence_ == nullptr || tells_result_ ? Done() : keep_result(*evidence_, apdu);
    }
    Done on_printed(base::ByteView apdu, const Printed& printed) override {
        collector_.add(printed);
        return prints_ == nullptr ? Done() : prints_->take(apdu, printed);
    }
    Done on_end(const Ending&) override { return {}; }
    /// A result that nobody here asked for is final with its acknowledgement, and so is its
    /// paper. In recovery they are kept first; else a result is left to the terminal, which takes
    /// the payment back.
    Done on_stray(base::ByteView apdu, const Apdu& message) override {
        return take_stray(apdu, message, evidence_, prints_);
    }

    std::optional<StatusInfo> info() const { return info_; }
    std::vector<contract::TerminalReceipt> receipts() const { return collector_.receipts(); }

private:
    ReceiptCollector collector_;
    device::Gate* evidence_;
    PrintKeeper* prints_;
    bool tells_result_;
    std::optional<StatusInfo> info_;
};

/// An end without what such an end always says is of something before.
base::Error not_ours(std::string_view what) {
    base::Error error =
        make_error(ErrorCode::unexpected_answer,
                   fmt::format("the terminal ends a {} without a word of it", what));
    error.reaction = base::Reaction::reconnect;
    return error;
}

bool is_line_gone(const base::Error& error) {
    return error.code == ErrorCode::link_lost || error.code == ErrorCode::no_answer;
}

}  // namespace

base::Error harmless(base::Error error) {
    error.effect = Effect::none;
    return error;
}

Charset Terminal::charset() const {
    const bool open = settings_.charset == Charset::automatic;
    return open && registered_.utf8 ? Charset::utf8 : settings_.charset;
}

void Terminal::drop() {
    link_.reset();
    line_.reset();
}

Done Terminal::connect(os::Deadline deadline) {
    drop();
    fresh_ = true;
    line_ = TRY(connector_->connect(std::min(deadline, clock_.now() + kConnectTime)));
    const TakeWish take_wish = [this] { return gate_ != nullptr && gate_->take_abort(); };
    link_ = settings_.serial_frames ? make_serial_link(*line_, clock_, take_wish)
                                    : make_stream_link(*line_, take_wish);
    return {};
}

Done Terminal::ensure_connected(os::Deadline deadline) {
    if (link_) {
        return {};
    }
    TRY(connect(deadline));
    Done enrolled = enrol(deadline);
    if (!enrolled) {
        drop();
    }
    return enrolled;
}

/// Registration: who prints, which currency, block prints (PA00P015 2.4). Also learns who it is.
Done Terminal::enrol(os::Deadline deadline) {
    Registration registration;
    registration.password = settings_.password;
    registration.config =
        config::kTellSteps | config::kNoAmountAtTerminal | config::kNoStartAtTerminal;
    if (settings_.till_prints) {
        registration.config |=
            config::kTillPrintsPayments | config::kTillPrintsRest | config::kPrintCommands;
    }
    registration.currency = currency_number(settings_.currency);
    registration.service = 1;  // no key to the service menu
    const bool utf8 = settings_.charset == Charset::automatic || settings_.charset == Charset::utf8;
    registration.container = registration_container(utf8, settings_.till_prints);
    const Bytes command = write_registration(registration);
    const Answer answer = TRY(run_question({command, "registration"}, deadline));
    if (answer.ending.kind != Ending::Kind::completed) {
        return refusal(answer.ending);
    }
    if (answer.ending.data.empty()) {
        return not_ours("registration");
    }
    registered_ = read_registered(answer.ending.data);
    const std::string& terminal = registered_.terminal_id;
    if (!identity_.serial.empty() && !terminal.empty() && terminal != identity_.serial) {
        return make_error(ErrorCode::wrong_device, fmt::format("terminal {} answers where {} was",
                                                               terminal, identity_.serial));
    }
    if (!terminal.empty()) {
        identity_.serial = terminal;
    }
    identity_.model = "ZVT";
    return {};
}

Result<Terminal::Answer> Terminal::run_question(const Question& question, os::Deadline deadline) {
    QuestionListener listener(charset(), recovering_ ? gate_ : nullptr,
                              recovering_ && prints_ ? &*prints_ : nullptr, question.tells_result);
    Dialogue dialogue(*link_, clock_, settings_.timeouts, charset(), gate_);
    const os::Deadline until = std::min(deadline, clock_.now() + kQuestionTime);
    auto ending = dialogue.run({question.command, question.step}, listener, until);
    if (!ending) {
        drop();  // what it says later belongs to nothing
        return harmless(std::move(ending).error());
    }
    if (ending->code == kCodeNotRegistered && ending->kind != Ending::Kind::completed) {
        drop();
    }
    return Answer{std::move(*ending), listener.info(), listener.receipts()};
}

Result<Terminal::Answer> Terminal::ask(const Question& question, os::Deadline deadline) {
    TRY(ensure_connected(deadline));
    auto answer = run_question(question, deadline);
    if (answer || fresh_ || !is_line_gone(answer.error())) {
        return answer;
    }
    TRY(ensure_connected(deadline));
    return run_question(question, deadline);
}

Result<Enquired> Terminal::enquire(bool with_version, os::Deadline deadline) {
    const Bytes command = write_status_enquiry(settings_.password, with_version);
    const Answer answer = TRY(ask({command, "status"}, deadline));
    Enquired enquired;
    if (answer.ending.kind == Ending::Kind::completed) {
        enquired = read_enquired(answer.ending.data);
        if (!enquired.status) {
            drop();
            return not_ours("status enquiry");
        }
    } else {
        enquired.status = answer.ending.code;
    }
    return enquired;
}

Result<contract::TerminalStatus> Terminal::ask_status(os::Deadline deadline) {
    const Enquired enquired = TRY(enquire(true, deadline));
    if (!enquired.software.empty()) {
        software_ = enquired.software.substr(0, 64);
    }
    if (identity_.serial.empty()) {
        identity_.serial = enquired.terminal_id;
    }
    contract::TerminalStatus status;
    status.identity = identity_;
    status.terminal_id = identity_.serial;
    status.software = software_;
    status.currency = registered_.currency ? currency_name(*registered_.currency) : "";
    const std::uint8_t code = enquired.status.value_or(0);
    status.state = state_of(code);
    status.text = text_of_status(code);
    if (code == kCodeNotPossible) {
        status.state = contract::TerminalState::busy;
        status.text = "the terminal does not tell its state now";
    } else if (code == 0 && (registered_.status & kNeedsInitialisation) != 0) {
        status.state = contract::TerminalState::needs_initialisation;
        status.text = "the terminal must be initialised";
    } else if (code == 0 && (registered_.status & kNeedsDiagnosis) != 0) {
        status.state = contract::TerminalState::needs_diagnosis;
        status.text = "the terminal needs its diagnosis";
    }
    return status;
}

Result<std::optional<StatusInfo>> Terminal::ask_last(Repeat which, os::Deadline deadline) {
    const Bytes command = write_repeat_receipt(settings_.password, true, which);
    const Answer answer = TRY(ask({command, "last transaction", true}, deadline));
    if (answer.ending.kind != Ending::Kind::completed &&
        (answer.ending.code == kCodeBusy || answer.ending.code == kCodeNotRegistered)) {
        return refusal(answer.ending);
    }
    if (answer.info && identity_.serial.empty()) {
        identity_.serial = answer.info->terminal_id;
    }
    if (answer.info && !answer.info->terminal_id.empty() &&
        answer.info->terminal_id != identity_.serial) {
        return make_error(ErrorCode::wrong_device,
                          fmt::format("the last transaction is of terminal {}, this is {}",
                                      answer.info->terminal_id, identity_.serial));
    }
    return answer.info;
}

// --- calls of the class that move no money

Result<contract::TerminalStatus> Terminal::status(os::Deadline deadline) {
    const Visit visit(*this, nullptr);
    return ask_status(deadline);
}

Result<contract::LastTransaction> Terminal::last_transaction(os::Deadline deadline) {
    const Visit visit(*this, nullptr);
    const auto info = TRY(ask_last(Repeat::last, deadline));
    contract::LastTransaction last;
    last.known = info.has_value();
    if (!info) {
        return last;
    }
    last.kind = info->totals           ? contract::TransactionKind::end_of_day
                : info->original_trace ? contract::TransactionKind::reversal
                                       : contract::TransactionKind::payment;
    last.outcome = !info->result      ? contract::TransactionOutcome::unknown
                   : info->approved() ? contract::TransactionOutcome::approved
                                      : contract::TransactionOutcome::declined;
    last.device_code = info->result.value_or(0);
    MoneyCall none;
    none.amount = info->amount.value_or(0);
    last.payment = payment_result(none, *info, identity_, settings_.currency, charset());
    return last;
}

Result<contract::TerminalReceipts> Terminal::serve(base::ByteView command, std::string_view step,
                                                   device::Gate& gate, os::Deadline deadline) {
    const Visit visit(*this, &gate);
    TRY(ensure_connected(deadline));
    QuestionListener listener(charset(), nullptr, nullptr);
    Dialogue dialogue(*link_, clock_, settings_.timeouts, charset(), gate_);
    Call call{command, step};
    call.breakable = true;
    const auto ending = dialogue.run(call, listener, deadline);
    if (!ending) {
        drop();
        return ending.error();
    }
    if (ending->kind != Ending::Kind::completed || ending->code != 0) {
        return refusal(*ending);
    }
    contract::TerminalReceipts receipts;
    receipts.receipts = listener.receipts();
    if (const auto info = listener.info()) {
        receipts.text = words_of(charset(), info->charset, info->text, kTextBytesMax);
    }
    return receipts;
}

Result<contract::TerminalReceipts> Terminal::diagnose(device::Gate& gate, os::Deadline deadline) {
    return serve(write_diagnosis(), "diagnosis", gate, deadline);
}

Result<contract::TerminalReceipts> Terminal::initialise(device::Gate& gate, os::Deadline deadline) {
    return serve(write_initialisation(settings_.password), "initialisation", gate, deadline);
}

Result<contract::TerminalReceipts> Terminal::repeat_receipt(const contract::RepeatReceipt& command,
                                                            device::Gate& gate,
                                                            os::Deadline deadline) {
    Repeat which = Repeat::last;
    switch (command.which) {
        case contract::ReceiptChoice::unspecified:
        case contract::ReceiptChoice::last: break;
        case contract::ReceiptChoice::merchant: which = Repeat::merchant; break;
        case contract::ReceiptChoice::customer: which = Repeat::customer; break;
        case contract::ReceiptChoice::end_of_day: which = Repeat::end_of_day; break;
    }
    const Bytes bytes = write_repeat_receipt(settings_.password, false, which);
    return serve(bytes, "receipt", gate, deadline);
}

}  // namespace tillhost::drivers::zvt
