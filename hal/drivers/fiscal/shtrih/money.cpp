// What all money operations begin and end with; shifts and cash.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/base/money.h"
#include "hal/drivers/fiscal/shtrih/outcome.h"
#include "hal/drivers/fiscal/shtrih/registrar.h"

namespace tillhost::drivers::shtrih {

using base::Done;
using base::Effect;
using base::Error;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::FiscalMarker;
using contract::FiscalResult;

namespace {

Error wrong_mode(const FullStatus& full) {
    if (full.mode() == Mode::confirm_date) {
        return make_error(ErrorCode::clock_wrong, "the registrar wants its date confirmed");
    }
    return make_error(ErrorCode::wrong_mode,
                      fmt::format("the registrar is in mode {}", full.mode_byte & 0x0F));
}

Done check_receipt_mode(const FullStatus& full) {
    if (full.mode() == Mode::shift_open) {
        return {};
    }
    if (full.mode() == Mode::shift_expired) {
        return make_error(ErrorCode::shift_expired, "");
    }
    if (full.mode() == Mode::shift_closed) {
        return make_error(ErrorCode::shift_not_open, "");
    }
    return wrong_mode(full);
}

Done check_shift_closed(const FullStatus& full) {
    if (full.mode() == Mode::shift_closed) {
        return {};
    }
    if (full.mode() == Mode::shift_open) {
        return make_error(ErrorCode::shift_already_open, "");
    }
    if (full.mode() == Mode::shift_expired) {
        return make_error(ErrorCode::shift_expired, "");
    }
    return wrong_mode(full);
}

Done check_shift_open(const FullStatus& full) {
    if (full.mode() == Mode::shift_open || full.mode() == Mode::shift_expired) {
        return {};
    }
    if (full.mode() == Mode::shift_closed) {
        return make_error(ErrorCode::shift_not_open, "");
    }
    return wrong_mode(full);
}

Done check_cash_mode(const FullStatus& full) {
    const bool fits = full.mode() == Mode::shift_open || full.mode() == Mode::shift_expired ||
                      full.mode() == Mode::shift_closed;
    return fits ? Done() : wrong_mode(full);
}

Done check_printer(const FullStatus& full) {
    const Flags flags = Flags::from(full.flags);
    if (flags.cover_open) {
        return make_error(ErrorCode::cover_open, "");
    }
    if (full.submode() == Submode::no_paper || full.submode() == Submode::paper_ran_out) {
        return make_error(ErrorCode::paper_out, "");
    }
    if (full.submode() == Submode::printing || full.submode() == Submode::printing_report) {
        return make_error(ErrorCode::still_printing, "");
    }
    return {};
}

Done check_storage(const StorageStatus& storage) {
    if (storage.phase != kPhaseFiscal) {
        return make_error(
            ErrorCode::fiscal_memory_failed,
            fmt::format("the fiscal storage is in phase {:02X}h, it takes no documents",
                        storage.phase));
    }
    return {};
}

}  // namespace

/// The printer is asked to be idle: what it still prints is waited for, what waits for new paper is
/// continued.
Result<FullStatus> Registrar::printer_ready(os::Deadline deadline) {
    TRY(continue_printing(deadline));
    FullStatus full = TRY(session_->full_status(deadline));
    note(full);
    TRY(check_printer(full));
    return full;
}

/// Everything that can be known before the first byte of a document; the marker is what was seen.
Result<FiscalMarker> Registrar::check_ready(Need need, os::Deadline deadline) {
    FullStatus full = TRY(printer_ready(deadline));
    StorageStatus storage = TRY(session_->storage_status(deadline));
    TRY(check_identity(full, storage));
    TRY(check_storage(storage));
    if (full.mode() == Mode::document || storage.current_document != 0) {
        TRY(clear_foreign(deadline));
        full = TRY(printer_ready(deadline));
        storage = TRY(session_->storage_status(deadline));
    }
    switch (need) {
        case Need::receipt: TRY(check_receipt_mode(full)); break;
        case Need::shift_closed: TRY(check_shift_closed(full)); break;
        case Need::shift_open: TRY(check_shift_open(full)); break;
        case Need::cash: TRY(check_cash_mode(full)); break;
    }
    const ShiftState shift = TRY(session_->shift_state(deadline));
    note(storage);
    note(shift);
    FiscalMarker marker;
    marker.identity = identity_;
    marker.last_document_number = storage.last_document;
    marker.shift_open = shift.open;
    marker.shift_number = shift.number;
    marker.receipt_number = shift.receipt;
    marker.clock_offset_s = clock_offset(full.time, clock_);
    if (need == Need::cash) {
        const CashState cash = TRY(cash_state(deadline));
        marker.cash_in_count = cash.in_count;
        marker.cash_out_count = cash.out_count;
        marker.cash_minor = cash.cash_minor;
    }
    marker.frame_number = TRY(session_->link().next_number(deadline));
    return marker;
}

/// Before the irreversible frame, where frames have numbers: the marker tells the number of the
/// frame that follows it; if the irreversible one is a later one, its number is kept beside it. An
/// answer with this number proves that it was executed.
Done Registrar::note_frame(const FiscalMarker& marker, device::Gate& gate, os::Deadline deadline) {
    const std::int64_t number = TRY(session_->link().next_number(deadline));
    if (number == marker.frame_number || bugs_.skip_marker || ++frames_noted_ > kFramesNotedMax) {
        return {};
    }
    return gate.persist(contract::Record(evidence_of_number(number)));
}

/// Sends the irreversible frame; again, under a new number, only where the registrar refuses
/// because it still prints.
Result<base::Bytes> Registrar::send_once(Command command, base::Bytes message,
                                         const Link::Witness& witness, const FiscalMarker& marker,
                                         device::Gate& gate, os::Deadline deadline) {
    const auto note = [&] { return note_frame(marker, gate, deadline); };
    frames_noted_ = 0;
    const Done noted = note();
    if (!noted) {
        return give_up(noted.error(), marker, deadline);
    }
    auto answer = session_->once(command, std::move(message), witness, note, deadline);
    if (!answer) {
        return closing_failed(answer.error(), marker, deadline);
    }
    return answer;
}

Done Registrar::persist_marker(device::Gate& gate, const FiscalMarker& marker) {
    if (bugs_.skip_marker) {
        return {};
    }
    return gate.persist(contract::Record(contract::Marker(marker)));
}

/// After the marker: the truth about an operation that did not get to its end. What the device
/// refused is cancelled, and the counters must show that nothing came of it.
Error Registrar::give_up(Error error, const FiscalMarker& marker, os::Deadline deadline) {
    if (is_line_trouble(error)) {
        return unknown(std::move(error));
    }
    const Done cancelled = cancel_document(deadline);
    if (!cancelled) {
        return unknown(base::with_context(cancelled.error(), error.detail));
    }
    const Done printing = print_next_document(true, deadline);
    if (!printing) {
        return unknown(base::with_context(printing.error(), error.detail));
    }
    const auto storage = session_->storage_status(deadline);
    if (!storage || storage->last_document != marker.last_document_number) {
        return unknown(std::move(error));
    }
    return error;
}

Error Registrar::closing_failed(Error error, const FiscalMarker& marker, os::Deadline deadline) {
    if (bugs_.timeout_is_failure && !is_refusal(error)) {
        error.effect = Effect::none;
        return error;
    }
    if (!is_refusal(error)) {
        return unknown(std::move(error));  // the gate's word or the line's
    }
    return give_up(std::move(error), marker, deadline);
}

/// Paper is a fact of its own: whatever is seen or not seen here, the operation is done.
void Registrar::look_at_paper(FiscalResult& result, device::Gate& gate, os::Deadline deadline) {
    const os::Deadline until = step(gate, "print", kPaperWait + kPaperWait, deadline);
    const auto status = session_->wait_printed(kPaperWait, until);
    if (status) {
        note(*status);
        result.printed = printed_of(*status);
    }
}

Result<FiscalResult> Registrar::open_shift(const contract::OpenShift& command, device::Gate& gate,
                                           os::Deadline deadline) {
    TRY(require_open());
    const auto cashier = TRY(prepare_cashier(command.cashier));
    const FiscalMarker marker =
        TRY(check_ready(Need::shift_closed, step(gate, "check", kCheckBudget, deadline)));
    return report_shift(contract::Command(command), marker, cashier, gate, deadline);
}

Result<FiscalResult> Registrar::close_shift(const contract::CloseShift& command, device::Gate& gate,
                                            os::Deadline deadline) {
    TRY(require_open());
    const auto cashier = TRY(prepare_cashier(command.cashier));
    const FiscalMarker marker =
        TRY(check_ready(Need::shift_open, step(gate, "check", kCheckBudget, deadline)));
    return report_shift(contract::Command(command), marker, cashier, gate, deadline);
}

/// E0h and 41h. Their answers carry no numbers: the answer is kept as evidence, and the document is
/// read from the storage.
Result<FiscalResult> Registrar::report_shift(const contract::Command& command,
                                             const FiscalMarker& marker,
                                             const std::optional<CashierTags>& cashier,
                                             device::Gate& gate, os::Deadline deadline) {
    const bool opens = std::holds_alternative<contract::OpenShift>(command);
    const Command report = opens ? Command::open_shift : Command::z_report;
    TRY(persist_marker(gate, marker));
    gate.announce(opens ? "open shift" : "close shift", deadline);
    if (cashier) {
        const Command begin = opens ? Command::begin_opening_shift : Command::begin_closing_shift;
        const Done begun = session_->change(begin, deadline);
        const Done named = begun ? send_cashier(cashier, deadline) : begun;
        if (!named) {
            return give_up(named.error(), marker, deadline);
        }
    }
    contract::Pending pending;
    pending.command = command;
    pending.marker = marker;
    const auto witness = [&](base::ByteView frame) -> Done {
        if (!good_body(report, frame)) {
            return {};
        }
        contract::Evidence evidence;
        evidence.source = "answer";
        evidence.payload.assign(frame.begin(), frame.end());
        pending.evidence.push_back(evidence);
        return gate.persist(contract::Record(std::move(evidence)));
    };
    TRY(send_once(report, plain_request(report, session_->admin_password()), witness, marker, gate,
                  deadline));
    const auto observed = observe(pending, deadline);
    if (!observed) {
        return unknown(observed.error());
    }
    Judgement judgement = judge(pending, *observed);
    if (!judgement.result) {
        return unknown(make_error(ErrorCode::unexpected_answer, judgement.reason));
    }
    look_at_paper(*judgement.result, gate, deadline);
    return std::move(*judgement.result);
}

Result<FiscalResult> Registrar::cash_in(const contract::CashIn& command, device::Gate& gate,
                                        os::Deadline deadline) {
    return move_cash(Command::cash_in, command.amount_minor, command.currency, gate, deadline);
}

Result<FiscalResult> Registrar::cash_out(const contract::CashOut& command, device::Gate& gate,
                                         os::Deadline deadline) {
    return move_cash(Command::cash_out, command.amount_minor, command.currency, gate, deadline);
}

Result<FiscalResult> Registrar::move_cash(Command command, std::int64_t amount_minor,
                                          std::string_view currency, device::Gate& gate,
                                          os::Deadline deadline) {
    TRY(require_open());
    TRY(check_currency(currency));
    FiscalMarker marker = TRY(check_ready(Need::cash, step(gate, "check", kCheckBudget, deadline)));
    marker.total_minor = amount_minor;
    if (command == Command::cash_out && marker.cash_minor < amount_minor) {
        return make_error(
            ErrorCode::not_enough_cash,
            fmt::format("the drawer holds {}", base::minor_to_text(marker.cash_minor, 2)));
    }
    TRY(persist_marker(gate, marker));
    gate.announce("cash", deadline);
    std::optional<FiscalResult> result;
    const auto witness = [&](base::ByteView frame) -> Done {
        const auto body = good_body(command, frame);
        if (!body) {
            return {};
        }
        result = registered_result(marker, amount_minor);
        result->document_number = TRY(read_cash_moved(*body));
        return gate.persist(contract::Record(contract::OperationResult(*result)));
    };
    TRY(send_once(command, cash_request(command, session_->password(), amount_minor), witness,
                  marker, gate, deadline));
    INVARIANT(result.has_value());
    look_at_paper(*result, gate, deadline);
    return std::move(*result);
}

}  // namespace tillhost::drivers::shtrih
