#include "hal/drivers/printer/escpos/printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/base/text.h"
#include "hal/drivers/printer/escpos/errors.h"

namespace tillhost::drivers::escpos {

using base::Bytes;
using base::Done;
using base::Effect;
using base::ErrorCode;
using base::make_error;
using base::Result;

namespace {

constexpr os::Duration kConnectTime = std::chrono::seconds(10);
/// An answer in turn comes when all before it was taken in, a document of an earlier life perhaps.
constexpr os::Duration kInTurnTime = std::chrono::seconds(5);
constexpr os::Duration kMarkTrialTime = std::chrono::seconds(3);
constexpr std::size_t kNameBytesMax = 64;

constexpr std::uint8_t kMaker = 0x42;
constexpr std::uint8_t kModel = 0x43;
constexpr std::uint8_t kSerial = 0x44;

bool is_line_gone(const base::Error& error) {
    const bool gone = error.code == ErrorCode::link_lost || error.code == ErrorCode::no_answer ||
                      error.code == ErrorCode::port_busy;
    return gone && error.effect == Effect::none;
}

/// What a printer calls itself; it may be anything.
std::string name_of(std::string_view said) {
    std::string name;
    for (const char letter : said.substr(0, kNameBytesMax)) {
        name += letter >= ' ' && letter <= '~' ? letter : '?';
    }
    return name;
}

}  // namespace

class Printer::Visit final {
public:
    explicit Visit(Printer& printer) : printer_(printer) { printer_.fresh_ = false; }
    ~Visit() {
        if (!printer_.settings_.keep_open) {
            printer_.dialogue_.reset();
        }
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

private:
    Printer& printer_;
};

/// Marks begin with the time, so that one which an earlier process asked for is taken for none.
Printer::Printer(Settings settings, std::unique_ptr<transport::Connector> connector,
                 const os::Clock& clock)
    : settings_(std::move(settings)),
      connector_(std::move(connector)),
      clock_(clock),
      next_mark_(static_cast<std::uint64_t>(clock.unix_ms())) {}

// --- the line

Done Printer::connect(os::Deadline deadline) {
    dialogue_.reset();
    fresh_ = true;
    settled_ = false;
    marks_.reset();
    polls_ = settings_.talk != Talk::mute;
    dialogue_ = std::make_unique<Dialogue>(
        TRY(connector_->connect(std::min(deadline, clock_.now() + kConnectTime))), clock_);
    return {};
}

/// How it is now. A printer of the kind `states` that knows no DLE EOT is asked in turn.
Done Printer::ask_state(os::Deadline deadline) {
    if (settings_.talk == Talk::mute) {
        return dialogue_->take_arrived();
    }
    if (polls_ && TRY(dialogue_->ask_state(deadline))) {
        return {};
    }
    polls_ = polls_ && !fresh_;
    const os::Deadline until = std::min(deadline, clock_.now() + kInTurnTime);
    if (settings_.talk == Talk::states && !polls_ && TRY(dialogue_->ask_in_turn(1, until))) {
        return {};
    }
    if (fresh_ && dialogue_->junk().empty() && TRY(ask_behind_rest(deadline))) {
        polls_ = true;
        return {};
    }
    if (!dialogue_->junk().empty()) {
        return make_error(
            ErrorCode::unexpected_answer,
            "the answer is none of a receipt printer: " + base::to_hex(dialogue_->junk()));
    }
    return make_error(ErrorCode::no_answer, "the printer does not tell its state");
}

/// The question may have become a part of a command in whose middle somebody has gone: the rest of
/// any command, and once more. False: no answer, or the printer takes no bytes.
Result<bool> Printer::ask_behind_rest(os::Deadline deadline) {
    const Done written =
        dialogue_->write(Bytes(kCommandBytesMax), std::min(deadline, clock_.now() + kInTurnTime));
    if (!written && written.error().code == ErrorCode::deadline_passed) {
        return false;
    }
    TRY(Done(written));
    return dialogue_->ask_state(deadline);
}

/// Whoever used the line before may have gone in the middle of a command, and what is sent next
/// would be taken for the rest of it: such a printer answers nothing in turn until it has its rest.
Result<bool> Printer::find_beginning(os::Deadline deadline) {
    if (TRY(dialogue_->ask_in_turn(1, std::min(deadline, clock_.now() + kInTurnTime)))) {
        return true;
    }
    const os::Deadline until = std::min(deadline, clock_.now() + kInTurnTime);
    TRY(dialogue_->write(Bytes(kCommandBytesMax), until));
    return dialogue_->ask_in_turn(1, until);
}

Done Printer::learn_names(os::Deadline deadline) {
    const std::string maker = name_of(TRY(dialogue_->ask_name(kMaker, deadline)));
    if (maker.empty()) {
        return {};  // it knows no names; each question more would be a second
    }
    const std::string model = name_of(TRY(dialogue_->ask_name(kModel, deadline)));
    const std::string serial = name_of(TRY(dialogue_->ask_name(kSerial, deadline)));
    if (!identity_.serial.empty() && !serial.empty() && serial != identity_.serial) {
        return make_error(ErrorCode::wrong_device,
                          fmt::format("printer {} answers where {} was", serial, identity_.serial));
    }
    identity_.serial = serial.empty() ? identity_.serial : serial;
    identity_.model = (maker + " " + model).substr(0, kNameBytesMax);
    return {};
}

/// An empty document: a model that does not know the command prints nothing of it, or a few
/// characters once (README.md).
Done Printer::learn_whether_it_marks(os::Deadline deadline) {
    const std::string id = next_mark();
    const os::Deadline until = std::min(deadline, clock_.now() + kMarkTrialTime);
    TRY(dialogue_->write(mark(id), until));
    while (dialogue_->last_mark() != id) {
        if (!TRY(dialogue_->next(until))) {
            break;
        }
    }
    marks_ = dialogue_->last_mark() == id;
    return {};
}

/// The line open, the printer's state asked, and, where it takes commands, what it can do.
Done Printer::be_ready(os::Deadline deadline) {
    if (!dialogue_) {
        TRY(connect(deadline));
    }
    TRY(ask_state(deadline));
    if (settled_ || settings_.talk == Talk::mute || obstacle_of(dialogue_->state())) {
        return {};
    }
    const bool in_turn = TRY(find_beginning(deadline));
    TRY(learn_names(deadline));
    if (settings_.talk == Talk::marks) {
        TRY(dialogue_->write(tell_changes(), deadline));
        TRY(learn_whether_it_marks(deadline));
    }
    if (!in_turn && !marks_.value_or(false)) {
        return make_error(ErrorCode::no_answer,
                          "the printer tells its state and answers no command: it is busy with an "
                          "old document, or its model is mute");
    }
    settled_ = true;
    return {};
}

/// A mute printer cannot be asked whether an earlier process, or a write, went in the middle of a
/// command: it gets the rest of any. Between commands 00 does nothing.
Done Printer::end_command(os::Deadline deadline) {
    if (settings_.talk != Talk::mute || !may_be_cut_) {
        return {};
    }
    const os::Deadline until = std::min(deadline, clock_.now() + settings_.patience + kInTurnTime);
    Done written = dialogue_->write(Bytes(kCommandBytesMax), until);
    if (!written && written.error().code == ErrorCode::deadline_passed) {
        written = make_error(ErrorCode::no_answer, "the printer takes no data");
        fresh_ = true;  // a new line would not change that
    }
    if (!written) {
        written.error().effect = Effect::none;  // nothing of what was asked for
        return written;
    }
    may_be_cut_ = false;
    return {};
}

template <class Work>
Done Printer::on_a_line(Work work) {
    Done done = work();
    if (!done && !fresh_ && is_line_gone(done.error())) {
        dialogue_.reset();
        done = work();
    }
    if (dialogue_) {
        known_ = make_status();
    }
    if (!done && done.error().reaction == base::Reaction::reconnect) {
        dialogue_.reset();
    }
    return done;
}

// --- the class

Result<device::Opened> Printer::open(os::Deadline deadline) {
    const Visit visit(*this);
    dialogue_.reset();
    TRY(on_a_line([&] { return be_ready(deadline); }));
    return device::Opened{identity_, make_status(), {}};
}

Result<contract::PrinterStatus> Printer::status(os::Deadline deadline) {
    const Visit visit(*this);
    TRY(on_a_line([&] { return be_ready(deadline); }));
    return make_status();
}

contract::PrinterStatus Printer::make_status() const {
    contract::PrinterStatus status;
    status.identity = identity_;
    status.confirms_printing = settings_.talk == Talk::marks && marks_.value_or(false);
    if (settings_.talk == Talk::mute) {
        status.online = true;
        return status;
    }
    const State& state = dialogue_->state();
    status.online = !state.offline;
    status.cover_open = state.cover_open;
    status.paper = state.paper_end        ? contract::PaperState::out
                   : state.paper_near_end ? contract::PaperState::nearly_out
                                          : contract::PaperState::present;
    if (settings_.open_is_high) {
        status.drawer = state.drawer_high == *settings_.open_is_high
                            ? contract::DrawerState::open
                            : contract::DrawerState::closed;
    }
    if (const auto obstacle = obstacle_of(state)) {
        status.error = obstacle->text;
    }
    return status;
}

Done Printer::print_once(const std::vector<Bytes>& commands, device::Gate& gate,
                         os::Deadline deadline) {
    TRY(be_ready(deadline));
    if (const auto obstacle = obstacle_of(dialogue_->state())) {
        return make_error(obstacle->code, std::string(obstacle->text));
    }
    TRY(end_command(deadline));
    Job::Terms terms;
    terms.ending = settings_.talk == Talk::mute ? Ending::nothing
                   : marks()                    ? Ending::mark
                                                : Ending::in_turn;
    terms.mark = next_mark();
    terms.polls = polls_;
    terms.patience = settings_.patience;
    Job job(*dialogue_, clock_, std::move(terms), gate, deadline);
    Done done = job.run(commands);
    fresh_ = fresh_ || (!done && done.error().code == ErrorCode::no_answer);
    may_be_cut_ = job.is_cut();
    if (may_be_cut_) {
        // The printer may stand in the middle of a command and would take the next document for
        // its rest: its beginning is found anew.
        known_ = make_status();
        dialogue_.reset();
    }
    return done;
}

Result<contract::PrintResult> Printer::print(const contract::PrintDocument& document,
                                             device::Gate& gate, os::Deadline deadline) {
    const std::vector<Bytes> commands = TRY(compose(document, settings_.layout));
    const Visit visit(*this);
    TRY(on_a_line([&] { return print_once(commands, gate, deadline); }));
    contract::PrintResult result;
    result.printed = marks() ? contract::Printed::printed : contract::Printed::printing;
    result.copy = document.copy;
    return result;
}

/// A pulse in its turn, so that it does not stand in a document; one that a printer at a standstill
/// would keep in its buffer, and carry out when the paper is changed, is sent to be done at once.
Done Printer::pulse_once(os::Deadline deadline) {
    TRY(be_ready(deadline));
    TRY(end_command(deadline));
    const bool still = obstacle_of(dialogue_->state()).has_value();
    TRY(dialogue_->write(still
                             ? pulse_now(settings_.pin, settings_.pulse_on_ms)
                             : pulse(settings_.pin, settings_.pulse_on_ms, settings_.pulse_off_ms),
                         deadline));
    if (settings_.talk == Talk::mute) {
        return {};
    }
    const os::Deadline until = std::min(deadline, clock_.now() + kInTurnTime);
    const auto answered =
        still && polls_ ? dialogue_->ask_state(until) : dialogue_->ask_in_turn(2, until);
    if (answered && *answered) {
        return {};
    }
    base::Error error = answered
                            ? make_error(ErrorCode::no_answer,
                                         "the printer does not say that it has opened the drawer")
                            : answered.error();
    error.effect = Effect::unknown;
    return error;
}

Done Printer::open_drawer(os::Deadline deadline) {
    const Visit visit(*this);
    return on_a_line([&] { return pulse_once(deadline); });
}

}  // namespace tillhost::drivers::escpos
