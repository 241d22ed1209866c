// Receipts and corrections: check, marker, document, the one frame that makes it final.
#include <fmt/format.h>

#include <map>
#include <utility>

#include "hal/drivers/fiscal/shtrih/marking.h"
#include "hal/drivers/fiscal/shtrih/outcome.h"
#include "hal/drivers/fiscal/shtrih/registrar.h"

namespace tillhost::drivers::shtrih {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::FiscalMarker;
using contract::FiscalResult;

namespace {

FiscalResult document_result(const Ticket& ticket, const FiscalMarker& marker,
                             const ClosedDocument& closed) {
    FiscalResult result = registered_result(marker, marker.total_minor);
    result.fiscal_document_number = closed.number;
    result.fiscal_sign = closed.sign;
    result.receipt_number = closed.receipt ? *closed.receipt : marker.receipt_number + 1;
    result.change_minor = ticket.sums ? ticket.totals.change_minor : closed.change_minor;
    result.registered_at = closed.time ? to_text(*closed.time) : "";
    if (ticket.electronic_only) {
        result.printed = contract::Printed::not_printed;
    }
    result.markings = ticket.markings;
    return result;
}

}  // namespace

Result<FiscalResult> Registrar::sell(const contract::Receipt& receipt, device::Gate& gate,
                                     os::Deadline deadline) {
    TRY(require_open());
    return make_document(TRY(prepare_ticket(receipt, abilities_)), gate, deadline);
}

Done Registrar::check_receipt(const contract::Receipt& receipt, os::Deadline deadline) {
    TRY(require_open());
    return check_rates(TRY(prepare_ticket(receipt, abilities_)), deadline);
}

Result<FiscalResult> Registrar::correct(const contract::Correction& command, device::Gate& gate,
                                        os::Deadline deadline) {
    TRY(require_open());
    return make_document(TRY(prepare_correction(command, abilities_)), gate, deadline);
}

Result<FiscalResult> Registrar::make_document(Ticket ticket, device::Gate& gate,
                                              os::Deadline deadline) {
    const os::Deadline until = step(gate, "check", kCheckBudget, deadline);
    FiscalMarker marker = TRY(check_ready(Need::receipt, until));
    marker.total_minor = ticket.totals.total_minor;
    TRY(check_rates(ticket, until));
    if (ticket.sums) {
        TRY(set_rates(*ticket.sums, until));
    }
    ticket.markings = TRY(check_markings(ticket, gate, deadline));
    marker.frame_number = TRY(session_->link().next_number(deadline));  // questions came between
    // An open document can be cancelled, so that only its closing is irreversible. The marker is
    // durable before it is opened nevertheless: whoever finds it open knows whose it is.
    TRY(persist_marker(gate, marker));
    if (!ticket.markings.empty()) {
        TRY(gate.persist(contract::Record(marking_evidence(ticket.markings))));
    }
    gate.announce("document", deadline);
    const Done sent = send_document(ticket, marker, deadline);
    if (!sent) {
        return give_up(sent.error(), marker, deadline);
    }
    gate.announce("close", deadline);
    FiscalResult result = TRY(close_document(ticket, marker, gate, deadline));
    note(result);
    if (result.registered_at.empty()) {
        const auto number = static_cast<std::uint32_t>(result.fiscal_document_number);
        const auto document = session_->find_document(number, deadline);
        result.registered_at = document ? to_text(document->time) : "";
    }
    if (!ticket.electronic_only) {
        look_at_paper(result, gate, deadline);
    }
    return result;
}

/// Opens the document and sends all that can still be cancelled, then compares what the device has
/// made of it with what was asked.
Done Registrar::send_document(const Ticket& ticket, const FiscalMarker& marker,
                              os::Deadline deadline) {
    const Password password = session_->password();
    if (ticket.electronic_only) {
        TRY(print_next_document(false, deadline));
    }
    TRY(send_head(ticket, deadline));
    if (ticket.sums) {
        TRY(send_tags(Command::document_tag, ticket.closing_tags, deadline));
        return compare_correction(marker, deadline);
    }
    for (const TicketPosition& position : ticket.positions) {
        TRY(send_position(position, deadline));
    }
    for (const base::Bytes& line : ticket.lines) {
        TRY(session_->change(Command::print_line, print_line_request(password, line), deadline));
    }
    TRY(send_tags(Command::document_tag, ticket.closing_tags, deadline));
    return compare_document(ticket, marker, deadline);
}

Done Registrar::send_head(const Ticket& ticket, os::Deadline deadline) {
    if (ticket.sums) {
        TRY(session_->change(Command::begin_correction, deadline));
    } else {
        TRY(session_->change(
            Command::open_document,
            open_document_request(session_->password(), ticket.kind, ticket.correction), deadline));
    }
    TRY(send_cashier(ticket.cashier, deadline));
    return send_tags(Command::document_tag, ticket.tags, deadline);
}

Done Registrar::send_position(const TicketPosition& position, os::Deadline deadline) {
    if (tags_first_) {
        TRY(send_belongings(position, deadline));
    }
    TRY(session_->change(Command::position, position_request(session_->password(), position.fields),
                         deadline));
    return tags_first_ ? Done() : send_belongings(position, deadline);
}

/// Tags and marking code, before or behind the position, as the model wants it.
Done Registrar::send_belongings(const TicketPosition& position, os::Deadline deadline) {
    TRY(send_tags(Command::operation_tag, position.tags, deadline));
    if (!position.marking) {
        return {};
    }
    return session_->change(Command::bind_marking,
                            bind_marking_request(session_->password(), position.marking->code),
                            deadline);
}

Done Registrar::compare_document(const Ticket& ticket, const FiscalMarker& marker,
                                 os::Deadline deadline) {
    constexpr unsigned kKindShift = 4;
    const ShortStatus status = TRY(session_->wait_printed(kPrintingWait, deadline));
    const std::int64_t subtotal = TRY(session_->subtotal(deadline));
    const StorageStatus storage = TRY(session_->storage_status(deadline));
    const bool kind_fits =
        ticket.correction || status.mode_byte >> kKindShift == static_cast<int>(ticket.kind);
    const bool as_asked = status.mode() == Mode::document && kind_fits &&
                          status.operations == ticket.positions.size() &&
                          subtotal == marker.total_minor &&
                          storage.last_document == marker.last_document_number;
    if (!as_asked && !bugs_.accept_stale_answer && !bugs_.resend_without_enq) {
        return make_error(
            ErrorCode::device_refused,
            fmt::format("the registrar has mode {:02X}h, {} positions and a subtotal of {}; asked "
                        "were {} positions and {}",
                        status.mode_byte, status.operations, subtotal, ticket.positions.size(),
                        marker.total_minor));
    }
    return {};
}

/// Before FF4Ah: the storage has begun a correction, and nothing else was made meanwhile.
Done Registrar::compare_correction(const FiscalMarker& marker, os::Deadline deadline) {
    constexpr std::uint8_t kCorrection = 0x14;
    const StorageStatus storage = TRY(session_->storage_status(deadline));
    const bool as_asked = storage.current_document == kCorrection &&
                          storage.last_document == marker.last_document_number;
    if (!as_asked && !bugs_.accept_stale_answer && !bugs_.resend_without_enq) {
        return make_error(ErrorCode::device_refused,
                          fmt::format("the storage makes document {:02X}h, not a correction",
                                      storage.current_document));
    }
    return {};
}

Done Registrar::send_tags(Command command, const std::vector<TagFields>& tags,
                          os::Deadline deadline) {
    for (const TagFields& tag : tags) {
        const auto sent = session_->change(
            command, tag_request(command, session_->password(), tag.number, tag.value), deadline);
        if (!sent) {
            return base::with_context(sent.error(), fmt::format("tag {}", tag.number));
        }
    }
    return {};
}

Done Registrar::send_cashier(const std::optional<CashierTags>& cashier, os::Deadline deadline) {
    if (!cashier) {
        return {};
    }
    std::vector<TagFields> tags{{kTagCashier, cashier->name}};
    if (!cashier->tax_id.empty()) {
        tags.push_back({kTagCashierTaxId, cashier->tax_id});
    }
    return send_tags(Command::document_tag, tags, deadline);
}

/// The rates behind the groups are the registrar's: table 6, field 1 of a row.
constexpr std::uint8_t kRates = 6;

/// A receipt that names its standard rate is registered with that one or not at all: the frame says
/// only "group 1".
Done Registrar::check_rates(const Ticket& ticket, os::Deadline deadline) {
    constexpr std::uint64_t kPercent = 100;  // 1 % in 0.01 %
    std::map<std::uint16_t, std::uint64_t> rates;
    for (const Ticket::NamedRate& named : ticket.named_rates) {
        if (rates.find(named.group) == rates.end()) {
            rates[named.group] = TRY(session_->table_number(kRates, named.group, 1, deadline));
        }
        const std::uint64_t rate = rates[named.group];
        if (static_cast<std::uint64_t>(named.percent) * kPercent != rate) {
            return base::bad_field(
                fmt::format("{}lines[{}].vat_percent", ticket.correction ? "receipt." : "",
                            named.line),
                fmt::format("{}.{:02}, the standard rate of this registrar (its table 6, row {})",
                            rate / kPercent, rate % kPercent, named.group));
        }
    }
    return {};
}

Done Registrar::set_rates(CorrectionFields& sums, os::Deadline deadline) {
    const auto main_rate = TRY(session_->table_number(kRates, 1, 1, deadline));
    const auto lower_rate = TRY(session_->table_number(kRates, 2, 1, deadline));
    set_taxes(sums, static_cast<std::uint16_t>(main_rate), static_cast<std::uint16_t>(lower_rate));
    return {};
}

/// FF45h or FF4Ah. The result is durable before its answer is acknowledged, because acknowledging
/// erases it.
Result<FiscalResult> Registrar::close_document(const Ticket& ticket, const FiscalMarker& marker,
                                               device::Gate& gate, os::Deadline deadline) {
    const Command closing = ticket.sums ? Command::correction : Command::close_document;
    std::optional<FiscalResult> result;
    const auto witness = [&](base::ByteView frame) -> Done {
        const auto body = good_body(closing, frame);
        if (!body) {
            return {};  // a refusal: nothing to keep
        }
        const ClosedDocument closed =
            TRY(ticket.sums ? read_closed_correction(*body) : read_closed_document(*body));
        if (closed.number != marker.last_document_number + 1 && !bugs_.accept_stale_answer) {
            return make_error(
                ErrorCode::unexpected_answer,
                fmt::format("document {} followed {}", closed.number, marker.last_document_number));
        }
        result = document_result(ticket, marker, closed);
        return gate.persist(contract::Record(contract::OperationResult(*result)));
    };
    const Password password = session_->password();
    TRY(send_once(closing,
                  ticket.sums ? correction_request(password, *ticket.sums)
                              : close_document_request(password, ticket.close),
                  witness, marker, gate, deadline));
    INVARIANT(result.has_value());
    return std::move(*result);
}

}  // namespace tillhost::drivers::shtrih
