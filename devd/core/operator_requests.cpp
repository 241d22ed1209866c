// What the people who run devd ask: its health, its figures, a copy of its book, and their word on
// what a terminal's slip says or a restored book does not know.
#include <fmt/format.h>

#include "devd/core/decision.h"
#include "devd/core/requests.h"
#include "ipc/contract/decoder.h"

namespace tillhost::devd::core {

using base::ErrorCode;
using base::make_error;
using contract::OperationState;

namespace {

/// As in the schema.
constexpr std::size_t kMetricsBytesMax = 900'000;

}  // namespace

Figures Requests::figures() const {
    const OperationBook& book = context_.book;
    Figures figures;
    for (const auto& [id, lane] : lanes_) {
        figures.devices.push_back(lane->figures());
    }
    for (const auto& [device, doubts] : book.doubts()) {
        for (const auto& [sequence, entry] : doubts) {
            figures.doubts.push_back({entry->row.id, device, needs_person(entry->row)});
        }
    }
    figures.shop_faults = faults_of(options_.shop, [this](const std::string& device) {
        const auto found = lane(device);
        return found ? &(*found)->config().driver : nullptr;
    });
    figures.counts = book.counts();
    figures.operations = book.size();
    figures.operations_max = options_.operations_max;
    figures.unacknowledged = book.unacknowledged();
    figures.watermark_ms = book.watermark_ms();
    figures.fence_ms = book.fence_ms();
    figures.unix_ms = context_.clock.unix_ms();
    figures.book_epoch = book.book_epoch();
    figures.retention = options_.retention;
    figures.up = context_.clock.now() - started_at_;
    figures.has_room = book.has_room();
    figures.stopping = context_.stopping;
    figures.program_version = options_.program_version;
    return figures;
}

/// Devices that a workstation may not see are not there for it.
Figures Requests::figures_for(const Rights& rights) const {
    Figures seen = figures();
    std::erase_if(seen.devices,
                  [&](const DeviceFigures& one) { return !rights.may_use(one.device.device); });
    std::erase_if(seen.doubts,
                  [&](const DoubtFigures& one) { return !rights.may_use(one.device); });
    std::erase_if(seen.shop_faults,
                  [&](const ShopFault& one) { return !rights.may_use(one.device); });
    return seen;
}

Requests::Outcome Requests::health(const Call& call) {
    TRY(contract::from_value<contract::Empty>(call.request.body));
    reply(call.peer, call.request.id, context_.book.last_position(),
          contract::to_value(health_of(figures_for(call.rights))));
    return {};
}

Requests::Outcome Requests::metrics(const Call& call) {
    TRY(contract::from_value<contract::Empty>(call.request.body));
    if (!call.rights.devices.empty()) {
        return make_error(ErrorCode::not_permitted,
                          fmt::format("the figures are of all devices; workstation '{}' has some",
                                      call.rights.workstation));
    }
    if (operator_ == nullptr) {
        return make_error(ErrorCode::not_supported, "this devd counts nothing");
    }
    contract::MetricsReply body;
    body.text = operator_->metrics_text();
    if (body.text.size() > kMetricsBytesMax) {
        return make_error(ErrorCode::too_large,
                          "the figures of so many devices fit no message: use [metrics] listen");
    }
    reply(call.peer, call.request.id, context_.book.last_position(), contract::to_value(body));
    return {};
}

Requests::Outcome Requests::backup(const Call& call) {
    const auto request = TRY(contract::from_value<contract::BackupRequest>(call.request.body));
    TRY(check_session(call, request.session));
    const std::int64_t uid = call.identity.uid;
    if (uid != 0 && (uid < 0 || uid != options_.own_uid)) {
        return make_error(ErrorCode::not_permitted,
                          "the book holds every sale: only root and devd's own user may copy it");
    }
    if (operator_ == nullptr) {
        return make_error(ErrorCode::not_supported, "this devd has no book to copy");
    }
    return operator_->back_up(
        request.path, [this, peer = call.peer, id = call.request.id](auto copied) {
            if (copied) {
                copied->book_epoch = context_.book.book_epoch();
                context_.replies.send(peer, {id, contract::to_value(*copied)});
            } else {
                context_.replies.send(peer, {id, contract::to_contract(copied.error())});
            }
        });
}

/// One slip settles one payment: whoever enters it a second time has the wrong one in hand, and the
/// card was charged once.
base::Done Requests::check_slip(const OperationRow& row,
                                const contract::OperationResult& entered) const {
    const auto* payment = std::get_if<contract::PaymentResult>(&entered);
    if (payment == nullptr) {
        return {};
    }
    const auto& told = context_.book.with_slip(row.device, payment->receipt_number);
    for (const auto& [sequence, other] : told) {
        const bool same_kind =
            other->row.command && other->row.command->index() == row.command->index();
        if (same_kind &&
            is_same_slip(*payment, std::get<contract::PaymentResult>(*other->row.result))) {
            return make_error(
                ErrorCode::possible_duplicate,
                fmt::format("payment.receipt_number: slip {} settled operation {} already, the "
                            "same amount at the same terminal; look for the slip of this one. "
                            "Only if the terminal gave the number twice, say force",
                            payment->receipt_number, other->row.id.to_text()));
        }
    }
    return {};
}

Requests::Outcome Requests::audit(const Call& call) {
    const auto request = TRY(contract::from_value<contract::AuditRequest>(call.request.body));
    if (operator_ == nullptr) {
        return make_error(ErrorCode::not_supported, "this devd keeps no audit");
    }
    return operator_->read_audit(
        static_cast<std::uint64_t>(request.first), static_cast<std::size_t>(request.limit),
        [this, peer = call.peer, id = call.request.id](auto page) {
            if (!page) {
                context_.replies.send(peer, {id, contract::to_contract(page.error())});
                return;
            }
            contract::AuditReply body;
            for (AuditRow& row : page->rows) {
                body.lines.push_back({static_cast<std::int64_t>(row.number), std::move(row.text),
                                      std::move(row.hash)});
            }
            body.former_hash = std::move(page->former_hash);
            body.last = static_cast<std::int64_t>(page->last);
            context_.replies.send(peer, {id, contract::to_value(body)});
        });
}

Requests::Outcome Requests::decide_lost(const Call& call, const contract::DecideRequest& request) {
    if (request.version != 0) {
        return base::bad_field("version", "0: this book does not know the operation");
    }
    if (request.verdict == contract::Verdict::cannot_tell) {
        return base::bad_field("verdict", "executed or not_executed");
    }
    if (context_.book.size() >= options_.operations_max) {
        return make_error(ErrorCode::retry_later, "the book is full");
    }
    std::optional<contract::OperationResult> result;
    if (request.verdict == contract::Verdict::executed && request.payment) {
        result = TRY(payment_by_hand(*request.payment));
    } else if (request.verdict == contract::Verdict::executed) {
        contract::FiscalResult fiscal;
        fiscal.registered = true;
        fiscal.printed = contract::Printed::printed;  // the person read it from the paper
        fiscal.fiscal_document_number = request.fiscal_document_number;
        result = fiscal;
    }
    answer(call.peer, call.request.id,
           context_.book.settle_lost(request.operation_id, call.session->client, request.note,
                                     result));
    return {};
}

Requests::Outcome Requests::decide(const Call& call) {
    const auto request = TRY(contract::from_value<contract::DecideRequest>(call.request.body));
    TRY(check_session(call, request.session));
    if (context_.book.find(request.operation_id) == nullptr &&
        context_.book.may_be_lost(request.operation_id)) {
        return decide_lost(call, request);
    }
    const OperationBook::Entry* entry = TRY(visible(call, request.operation_id));
    const OperationRow& row = entry->row;
    if (is_sale(row) && row.state == OperationState::accepted) {
        return decide_sale(call, request, *entry);
    }
    if (row.state != OperationState::in_doubt || row.version != request.version) {
        return wrong_state(row, fmt::format("its version is {}; look at it again", row.version));
    }
    if (request.verdict == contract::Verdict::cannot_tell) {
        return base::bad_field("verdict", "executed or not_executed");
    }
    TRY(request.force ? base::Done() : check_ownership(row));
    const auto of = lanes_.find(row.device);
    std::optional<contract::OperationResult> result;
    if (request.verdict == contract::Verdict::executed) {
        const DeviceConfig* device = of == lanes_.end() ? nullptr : &of->second->config();
        result = TRY(result_by_hand(row, request, device));
        TRY(request.force ? base::Done() : check_slip(row, *result));
    }
    context_.book.note_decision(row.id, request.note);
    if (result) {
        answer(call.peer, call.request.id, context_.book.finish(row.id, *result));
    } else {
        answer(call.peer, call.request.id,
               context_.book.fail(
                   row.id, contract::to_contract(make_error(
                               ErrorCode::cancelled,
                               "a person decided that it was not executed: " + request.note))));
    }
    if (of != lanes_.end()) {
        of->second->decided();
    }
    return {};
}

/// The one word that a person can say of a sale: its money was paid back otherwise.
Requests::Outcome Requests::decide_sale(const Call& call, const contract::DecideRequest& request,
                                        const OperationBook::Entry& sale) {
    if (!sale.row.error || sale.row.error->code != base::name_of(ErrorCode::compensation_open)) {
        return wrong_state(sale.row, "decide on the step that is in doubt");
    }
    if (sales_.is_reversing(sale.row)) {
        return wrong_state(sale.row, "its payment is being taken back; look at it again");
    }
    if (sale.row.version != request.version) {
        return wrong_state(sale.row,
                           fmt::format("its version is {}; look at it again", sale.row.version));
    }
    if (request.verdict != contract::Verdict::not_executed) {
        return base::bad_field("verdict", "not_executed: the money was paid back");
    }
    context_.book.note_decision(sale.row.id, request.note);
    answer(call.peer, call.request.id,
           context_.book.fail(sale.row.id, contract::to_contract(make_error(
                                               ErrorCode::payment_reversed,
                                               "a person decided that the money was paid back: " +
                                                   request.note))));
    return {};
}

}  // namespace tillhost::devd::core
