// How a sale goes on; what its steps are and what they say: sale_steps.cpp.
#include "devd/core/sale_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ipc/contract/envelope.h"
#include "ipc/contract/payment_rules.h"

namespace tillhost::devd::core {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::OperationState;

constexpr os::Duration kShiftMax = std::chrono::hours(24);

contract::Error told(ErrorCode code, std::string detail) {
    return contract::to_contract(make_error(code, std::move(detail)));
}

contract::Error error_of(const OperationRow& row) {
    if (row.state == OperationState::done) {
        return told(ErrorCode::wrong_state,
                    "registrar: it is in training mode, registered nothing");
    }
    return row.error ? *row.error
                     : told(ErrorCode::cancelled,
                            fmt::format("the {} was cancelled", contract::case_of(*row.command)));
}

}  // namespace

void SaleDesk::resume() {
    for (const auto& [sequence, entry] : OperationBook::Queue(context_.book.waiting(""))) {
        if (has_steps(entry->row)) {
            marked_.insert(entry->row.id);
        } else {
            // Whoever stood at the till then has gone; nothing was charged and nothing registered.
            fail(*entry, told(ErrorCode::expired, "devd was started again before the sale began"));
        }
    }
    run();
}

void SaleDesk::moved(const OperationRow& row) {
    if (row.parent) {
        marked_.insert(*row.parent);
    } else if (row.command && std::holds_alternative<contract::Sale>(*row.command)) {
        marked_.insert(row.id);
    }
}

void SaleDesk::run() {
    if (running_ || context_.stopping) {
        return;
    }
    running_ = true;
    while (!marked_.empty()) {
        const base::OperationId id = *marked_.begin();
        marked_.erase(marked_.begin());
        const Entry* sale = context_.book.find(id);
        if (sale != nullptr && sale->row.state == OperationState::accepted) {
            advance(*sale);
        } else {
            asked_.erase(id);  // it ended while its registrar was asked
        }
    }
    running_ = false;
}

/// A registrar in training mode does its work and registers nothing: no card is charged for that,
/// also if it was put into training, or took over, after the preflight.
bool SaleDesk::is_registered(const View& at) {
    const OperationRow& row = at.registration->row;
    const auto* fiscal = row.result ? std::get_if<contract::FiscalResult>(&*row.result) : nullptr;
    return row.state == OperationState::done &&
           (at.payment == nullptr || (fiscal != nullptr && fiscal->registered));
}

void SaleDesk::advance(const Entry& sale) {
    const View at = view(sale.row);
    if (sale.row.error && !is_blocked(at)) {
        context_.book.unblock(sale.row.id);
    }
    if (at.registration == nullptr && at.payment == nullptr) {
        preflight(sale, at);
    } else if (at.payment != nullptr && !is_final(at.payment->row.state)) {
        payment_open(sale, *at.payment);
    } else if (at.payment != nullptr && at.payment->row.state != OperationState::done) {
        fail(sale, error_of(at.payment->row));
    } else if (at.registration == nullptr) {
        after_payment(sale, at);
    } else if (!is_final(at.registration->row.state)) {
        registration_open(sale, at);
    } else if (is_registered(at)) {
        finish(sale, at);
    } else {
        registration_failed(sale, at);
    }
}

// --- before anything happens

void SaleDesk::preflight(const Entry& sale, const View& at) {
    if (at.charge_minor == 0) {
        register_on(sale, at.sale->registrar, 1);
        return;
    }
    Asked& question =
        asked_.try_emplace(sale.row.id, Asked{context_.clock.now() + kPreflightMax, "", {}})
            .first->second;
    if (question.answer) {
        const Asked heard = std::move(question);
        asked_.erase(sale.row.id);
        preflight_answered(sale, at, heard);
    } else if (context_.bugs.skip_preflight) {
        asked_.erase(sale.row.id);
        pay(sale, at);
    } else if (!question.registrar.empty()) {
        return;  // it is being asked
    } else if (waits_for_opening(*at.sale) && context_.clock.now() < question.until) {
        look_again(sale.row.id, kOpeningLook);
    } else if (const Done can = can_work("terminal", at.sale->terminal); !can) {
        fail(sale, contract::to_contract(can.error()));
    } else {
        ask_registrar(sale, question);
    }
}

/// Right after a start, or when a device was just plugged in.
bool SaleDesk::waits_for_opening(const contract::Sale& sale) const {
    const bool registrar =
        works(sale.registrar) || (!sale.substitute.empty() && works(sale.substitute));
    return is_opening(sale.terminal) ||
           (!registrar && (is_opening(sale.registrar) || is_opening(sale.substitute)));
}

void SaleDesk::ask_registrar(const Entry& sale, Asked& question) {
    const auto& whole = std::get<contract::Sale>(*sale.row.command);
    const std::string registrar =
        works(whole.registrar) || !may_take_over(whole.substitute, sale.row.client)
            ? whole.registrar
            : whole.substitute;
    if (const Done can = can_work("registrar", registrar); !can) {
        fail(sale, contract::to_contract(can.error()));
        return;
    }
    question.registrar = registrar;
    const Done put = lanes_.find(registrar)->second->ask(
        contract::ReceiptCheckQuery{whole.receipt}, question.until,
        [this, id = sale.row.id](const Result<contract::ClassStatus>& answer) {
            if (const auto found = asked_.find(id); found != asked_.end()) {
                found->second.answer = answer;
                marked_.insert(id);
            }
        });
    if (!put) {
        fail(sale, contract::to_contract(put.error()));
    }
}

void SaleDesk::preflight_answered(const Entry& sale, const View& at, const Asked& heard) {
    const Result<contract::ClassStatus>& answer = *heard.answer;
    const auto* status = answer ? std::get_if<contract::FiscalStatus>(&*answer) : nullptr;
    const DeviceLane* const of = lane(heard.registrar);
    Done can = answer ? Done() : Done(answer.error());
    if (can && (status == nullptr || of == nullptr)) {
        can = make_error(ErrorCode::device_not_ready,
                         fmt::format("registrar: '{}' is no fiscal registrar", heard.registrar));
    }
    if (can) {
        can = can_register(*of, *status);
    }
    if (can) {
        pay(sale, at);
    } else {
        fail(sale, contract::to_contract(can.error()));
    }
}

/// What is known without asking it.
Done SaleDesk::can_work(std::string_view field, const std::string& device) const {
    const DeviceLane* of = lane(device);
    if (of == nullptr) {
        return make_error(ErrorCode::unknown_device, fmt::format("{}: '{}'", field, device));
    }
    const contract::Device now = of->describe();
    if (now.in_doubt) {
        return make_error(ErrorCode::device_in_doubt,
                          fmt::format("{}: '{}' must settle operation {} first", field, device,
                                      now.in_doubt->to_text()));
    }
    if (!now.host.empty() && !now.leased_to.empty()) {
        return make_error(ErrorCode::device_leased,
                          fmt::format("{}: '{}' is leased to {} at host '{}'", field, device,
                                      now.leased_to, now.host));
    }
    if (!now.host.empty() && !now.setup_missing.empty()) {
        return make_error(
            ErrorCode::setup_incomplete,
            fmt::format("{}: '{}' is not set up yet at host '{}'", field, device, now.host));
    }
    if (!works(device)) {
        return make_error(ErrorCode::device_not_ready,
                          fmt::format("{}: '{}' is not ready{}{}", field, device,
                                      now.reason.empty() ? "" : ": ", now.reason));
    }
    return {};
}

Done SaleDesk::can_register(const DeviceLane& lane, const contract::FiscalStatus& status) const {
    if (status.training) {
        return make_error(ErrorCode::wrong_mode,
                          "registrar: in training mode it registers nothing, and a card would be "
                          "charged for it; nothing was charged");
    }
    if (!status.paper_present) {
        return make_error(ErrorCode::paper_out, "registrar: nothing was charged");
    }
    if (status.cover_open) {
        return make_error(ErrorCode::cover_open, "registrar: nothing was charged");
    }
    const DeviceFigures figures = lane.figures();
    const bool ends_soon =
        figures.shift_open_for && *figures.shift_open_for + kPaymentMax > kShiftMax;
    if (status.shift_expired || (status.shift_open && ends_soon)) {
        return make_error(ErrorCode::shift_expired, "registrar: nothing was charged");
    }
    if (!status.shift_open && !figures.device.opens_shift) {
        return make_error(ErrorCode::shift_not_open, "registrar: nothing was charged");
    }
    return {};
}

void SaleDesk::pay(const Entry& sale, const View& at) {
    contract::Authorise command;
    command.amount_minor = at.charge_minor;
    command.currency = at.sale->receipt.currency;
    const auto patience =
        std::chrono::duration_cast<std::chrono::milliseconds>(kPaymentStartMax).count();
    add(sale, Role::payment, 1, at.sale->terminal, std::move(command),
        context_.clock.unix_ms() + patience);
}

/// A terminal that went away before the payment began is not waited for: the customer has gone.
/// One that works on it already stops at the gate.
void SaleDesk::payment_open(const Entry& sale, const Entry& payment) {
    const std::int64_t left_ms = payment.row.start_before_ms - context_.clock.unix_ms() + 1;
    if (payment.row.state == OperationState::accepted && left_ms <= 0) {
        context_.book.expire(payment.row.id);
        return;
    }
    if (payment.row.state == OperationState::accepted) {
        look_again(sale.row.id, std::chrono::milliseconds(left_ms));
    }
    wait_for(sale, payment);
}

// --- the receipt

void SaleDesk::register_on(const Entry& sale, const std::string& registrar, int number) {
    const auto& whole = std::get<contract::Sale>(*sale.row.command);
    add(sale, Role::registration, number, registrar, whole.receipt);
}

void SaleDesk::after_payment(const Entry& sale, const View& at) {
    const bool first =
        works(at.sale->registrar) || !may_take_over(at.sale->substitute, sale.row.client);
    register_on(sale, first ? at.sale->registrar : at.sale->substitute, 1);
}

/// A registrar that is away is given time; then what has not begun is taken from it.
void SaleDesk::registration_open(const Entry& sale, const View& at) {
    const OperationRow& row = at.registration->row;
    if (context_.bugs.reverse_in_doubt && row.state == OperationState::in_doubt) {
        compensate(sale, at);
        return;
    }
    const bool stuck = row.state == OperationState::accepted && !works(row.device);
    if (!stuck || at.payment == nullptr) {
        blocked_since_.erase(row.id);
        wait_for(sale, *at.registration);
        if (row.state == OperationState::accepted && at.payment != nullptr) {
            look_again(sale.row.id, kRegistrarPatience);
        }
        return;
    }
    const auto [since, fresh] = blocked_since_.try_emplace(row.id, context_.clock.now());
    const os::Duration waited = context_.clock.now() - since->second;
    if (waited < kRegistrarPatience) {
        look_again(sale.row.id, kRegistrarPatience - waited);
        return;
    }
    // It is accepted: no marker is written, so nothing can have been sent, and now nothing will be.
    blocked_since_.erase(row.id);
    context_.book.cancel(row.id);
}

void SaleDesk::registration_failed(const Entry& sale, const View& at) {
    const std::string& last = at.registration->row.device;
    const std::string& other =
        last == at.sale->registrar ? at.sale->substitute : at.sale->registrar;
    if (at.registrations == 1 && !at.sale->substitute.empty() &&
        may_take_over(other, sale.row.client) && at.payment != nullptr && at.reversal == nullptr) {
        register_on(sale, other, 2);
    } else if (at.payment == nullptr) {
        fail(sale, error_of(at.registration->row));
    } else {
        compensate(sale, at);
    }
}

// --- taking the payment back

void SaleDesk::compensate(const Entry& sale, const View& at) {
    if (at.reversal == nullptr) {
        static_cast<void>(reverse_again(sale));
        return;
    }
    const OperationRow& reversal = at.reversal->row;
    if (!is_final(reversal.state)) {
        wait_for(sale, *at.reversal);
    } else if (reversal.state == OperationState::done) {
        const contract::Error why = error_of(at.registration->row);
        fail(sale, told(ErrorCode::payment_reversed, fmt::format("{}: {}", why.code, why.text)));
    } else {
        const contract::Error why = error_of(reversal);
        contract::Error open = told(
            ErrorCode::compensation_open,
            fmt::format("the reversal failed ({}: {}); resolve the sale to try again, or pay the "
                        "money back otherwise and decide not_executed",
                        why.code, why.text));
        open.effect = base::Effect::unknown;
        context_.book.block(sale.row.id, open);
    }
}

Done SaleDesk::reverse_again(const Entry& sale) {
    const View at = view(sale.row);
    const bool right =
        sale.row.state == OperationState::accepted && at.payment != nullptr &&
        at.payment->row.state == OperationState::done && at.registration != nullptr &&
        (is_final(at.registration->row.state) || context_.bugs.reverse_in_doubt) &&
        !is_registered(at) && (at.reversal == nullptr || is_final(at.reversal->row.state)) &&
        (at.reversal == nullptr || at.reversal->row.state != OperationState::done);
    if (!right) {
        return make_error(ErrorCode::wrong_state, "the sale has no payment to be taken back");
    }
    if (at.reversals >= kReversalsMax) {
        return make_error(ErrorCode::wrong_state,
                          fmt::format("the reversal was tried {} times; pay the money back "
                                      "otherwise and decide not_executed",
                                      at.reversals));
    }
    const auto* paid = std::get_if<contract::PaymentResult>(&*at.payment->row.result);
    if (paid == nullptr) {
        return make_error(ErrorCode::wrong_state, "its payment has no result of a payment");
    }
    add(sale, Role::reversal, at.reversals + 1, at.payment->row.device,
        contract::reversal_of(*paid, at.payment->row.id));
    return {};
}

bool SaleDesk::is_reversing(const OperationRow& sale) const {
    const View at = view(sale);
    return at.reversal != nullptr && !is_final(at.reversal->row.state);
}

// --- the end

void SaleDesk::finish(const Entry& sale, const View& at) {
    const std::string& drawer =
        at.sale->drawer.empty() ? at.registration->row.device : at.sale->drawer;
    if (at.sale->open_drawer && lane(drawer) != nullptr) {
        add(sale, Role::drawer, 1, drawer, contract::OpenDrawer{});
    }
    const auto* paid = at.payment == nullptr
                           ? nullptr
                           : std::get_if<contract::PaymentResult>(&*at.payment->row.result);
    if (paid != nullptr) {
        print_slips(sale, *paid);
    }
    context_.book.finish(sale.row.id, contract::OperationResult(describe(sale.row)));
}

void SaleDesk::fail(const Entry& sale, const contract::Error& error) {
    contract::Error harmless = error;
    harmless.effect = base::Effect::none;  // every step is final, and what was charged is back
    context_.book.fail(sale.row.id, harmless);
}

/// While only a person can settle a step, the sale says so too.
void SaleDesk::wait_for(const Entry& sale, const Entry& step) {
    if (needs_person(step.row)) {
        contract::Error error = *step.row.error;
        error.text = fmt::format("operation {}: {}", step.row.id.to_text(), error.text);
        context_.book.block(sale.row.id, error);
    }
}

/// Whether only a person can help it on.
bool SaleDesk::is_blocked(const View& at) {
    for (const Entry* open : {at.payment, at.registration, at.reversal}) {
        if (open != nullptr && needs_person(open->row)) {
            return true;
        }
    }
    return at.reversal != nullptr && is_final(at.reversal->row.state) &&
           at.reversal->row.state != OperationState::done;
}

void SaleDesk::look_again(const base::OperationId& sale, os::Duration after) {
    context_.timers.call_at(context_.clock.now() + after, [this, sale] { marked_.insert(sale); });
}

bool SaleDesk::works(const std::string& device) const {
    const DeviceLane* of = lane(device);
    if (of == nullptr) {
        return false;
    }
    const contract::DeviceState state = of->describe().state;
    return state == contract::DeviceState::ready || state == contract::DeviceState::busy;
}

/// Also a substitute that somebody else has for himself does not.
bool SaleDesk::may_take_over(const std::string& device, const std::string& client) const {
    const std::string& holder = context_.leases.holder(device);
    return !device.empty() && works(device) && (holder.empty() || holder == client);
}

/// It may work in a moment: nothing was wrong with it so far.
bool SaleDesk::is_opening(const std::string& device) const {
    const DeviceLane* of = device.empty() ? nullptr : lane(device);
    if (of == nullptr) {
        return false;
    }
    const contract::Device now = of->describe();
    return now.state == contract::DeviceState::opening && !now.error;
}

const DeviceLane* SaleDesk::lane(const std::string& device) const {
    const auto found = lanes_.find(device);
    return found == lanes_.end() || found->second->is_retired() ? nullptr : found->second.get();
}

}  // namespace tillhost::devd::core
