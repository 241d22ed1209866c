#include "ipc/client/tillctl/payments.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "hal/base/money.h"
#include "ipc/client/tillctl/document_file.h"
#include "ipc/client/tillctl/texts.h"
#include "ipc/contract/envelope.h"
#include "ipc/contract/payment_rules.h"
#include "ipc/contract/receipt_rules.h"

namespace tillhost::tillctl {
namespace {

using base::bad_field;
using base::ErrorCode;
using base::Result;
using client::Client;
using contract::Operation;
using contract::OperationState;

constexpr std::size_t kTerminalsMax = 32;     // whose prompts are followed
constexpr std::size_t kEarlyPromptsMax = 16;  // kept until their operation is known
constexpr int kEventsAtOnceMax = 64;          // shown between two looks
constexpr std::string_view kTerminalDrivers = "payment/";

Result<base::Currency> currency_of(const PayVerb& verb, Client& devd, os::Deadline deadline) {
    if (!verb.currency.empty()) {
        return base::Currency::from_code(verb.currency);
    }
    const contract::Device device = TRY(devd.status(verb.how.device, deadline));
    const auto* terminal =
        device.status ? std::get_if<contract::TerminalStatus>(&*device.status) : nullptr;
    if (!device.status && device.state != contract::DeviceState::ready) {
        return base::make_error(
            ErrorCode::device_not_ready,
            fmt::format("'{}' has told nothing yet, its currency neither (--currency names it){}{}",
                        verb.how.device, device.reason.empty() ? "" : ": ", device.reason));
    }
    if (terminal == nullptr || terminal->currency.empty()) {
        return bad_field(
            "--currency",
            fmt::format("must be named, such as EUR: '{}' tells none of its own", verb.how.device));
    }
    return base::Currency::from_code(terminal->currency);
}

Result<std::int64_t> minor_of(const std::string& name, const std::string& word,
                              const base::Currency& currency) {
    const auto amount = base::Money::from_text(word, currency);
    if (!amount) {
        return contract::in_field(amount.error(), name);
    }
    return amount->minor();
}

/// A sale's payment is taken back once the sale has come to its end: before, devd does it itself.
Result<Operation> payment_of_sale(const Operation& sale, Client& devd, os::Deadline deadline) {
    if (!client::is_final(sale.state)) {
        return base::make_error(ErrorCode::wrong_state,
                                "--of: the sale is not finished; tillctl abort breaks it off");
    }
    for (const contract::SaleStep& step : sale.sale->steps) {
        if (step.role == contract::SaleRole::payment) {
            return devd.operation(step.operation_id, deadline, step.device);
        }
    }
    return bad_field("--of", "a sale that charged a card; this one did not");
}

/// The reversal of a payment that the book has, or of a sale's.
Result<contract::Command> reversal_of(const base::OperationId& id, const std::string& terminal,
                                      Client& devd, os::Deadline deadline) {
    auto found = devd.operation(id, deadline);
    if (!found && found.error().code == ErrorCode::unknown_operation && !terminal.empty()) {
        found = devd.operation(id, deadline, terminal);  // of another host's terminal
    }
    const Operation named = TRY(std::move(found));
    const Operation payment = named.sale ? TRY(payment_of_sale(named, devd, deadline)) : named;
    const auto* paid =
        payment.result ? std::get_if<contract::PaymentResult>(&*payment.result) : nullptr;
    if (paid == nullptr || payment.command != "authorise") {
        return bad_field("--of", fmt::format("the id of a payment that is done, or of its sale; "
                                             "this is: {} {}",
                                             payment.command, contract::name_of(payment.state)));
    }
    if (payment.taken_back_by) {
        return base::make_error(ErrorCode::wrong_state,
                                fmt::format("--of: operation {} took this payment back already",
                                            payment.taken_back_by->to_text()));
    }
    if (payment.device != terminal) {  // its numbers mean another payment at any other one
        return bad_field("DEVICE", fmt::format("{}, where that payment was made", payment.device));
    }
    return contract::Command(contract::reversal_of(*paid, payment.operation_id));
}

bool is_of(const contract::Prompt& prompt, const Operation& operation) {
    const auto is_this = [&prompt](const contract::SaleStep& step) {
        return step.operation_id == prompt.operation_id;
    };
    return prompt.operation_id == operation.operation_id ||
           (operation.sale &&
            std::any_of(operation.sale->steps.begin(), operation.sale->steps.end(), is_this));
}

/// How long devd may take to say how a terminal stands, and a terminal that works to begin.
constexpr os::Duration kStatusTime = std::chrono::seconds(1);
constexpr os::Duration kBeginsWithin = std::chrono::seconds(3);

/// So long the version of an operation stands still before it is told to a person who must name it.
constexpr os::Duration kVersionRests = std::chrono::seconds(1);

}  // namespace

Result<contract::Sale> sale_of(const SellVerb& verb) {
    contract::Sale sale = TRY(read_sale_file(verb.path));
    for (const auto& [named, device] :
         {std::pair{&verb.registrar, &sale.registrar},
          std::pair{&verb.substitute, &sale.substitute}, std::pair{&verb.terminal, &sale.terminal},
          std::pair{&verb.printer, &sale.printer}, std::pair{&verb.drawer, &sale.drawer}}) {
        if (!named->empty()) {
            *device = *named;
        }
    }
    sale.open_drawer = sale.open_drawer || verb.open_drawer || !verb.drawer.empty();
    return sale;
}

Result<contract::Command> command_of(const PayVerb& verb, Client& devd, os::Deadline deadline) {
    if (!verb.of.is_nil()) {
        return reversal_of(verb.of, verb.how.device, devd, deadline);
    }
    const base::Currency currency = TRY(currency_of(verb, devd, deadline));
    const std::int64_t minor = TRY(minor_of("AMOUNT", verb.amount, currency));
    switch (verb.what) {
        case OnCard::charge: {
            contract::Authorise command;
            command.amount_minor = minor;
            command.currency = currency.code();
            return contract::Command(command);
        }
        case OnCard::pay_back: {
            contract::Refund command;
            command.amount_minor = minor;
            command.currency = currency.code();
            return contract::Command(command);
        }
        case OnCard::take_back: break;
    }
    contract::Reverse command = verb.numbers;
    command.amount_minor = minor;
    command.currency = currency.code();
    return contract::Command(command);
}

base::Done take_amounts(DecideVerb& verb) {
    if (!verb.decision.payment) {
        return {};
    }
    contract::PaymentEntry& entry = *verb.decision.payment;
    const auto named = base::Currency::from_code(entry.currency);
    const base::Currency currency = named ? *named : base::Currency::rub();  // two decimals
    entry.amount_minor = TRY(minor_of("--amount", verb.amount, currency));
    if (!verb.amount_again.empty()) {
        entry.amount_again_minor = TRY(minor_of("--amount-again", verb.amount_again, currency));
    }
    return {};
}

Result<Operation> break_off(const AbortVerb& verb, Client& devd, os::Deadline deadline) {
    if (const auto id = base::OperationId::from_text(verb.what)) {
        return devd.abort(*id, deadline);
    }
    TRY(devd.status(verb.what, deadline));  // whether there is such a device
    contract::OperationsRequest request;
    request.device = verb.what;
    request.unsettled_only = true;
    const auto reply = TRY(devd.operations(request, deadline));
    const auto running =
        std::find_if(reply.operations.begin(), reply.operations.end(),
                     [](const Operation& one) { return one.state == OperationState::prepared; });
    const auto found = running != reply.operations.end() || reply.operations.empty()
                           ? running
                           : reply.operations.end() - 1;  // the one that comes first
    if (found == reply.operations.end()) {
        return base::make_error(ErrorCode::wrong_state,
                                fmt::format("'{}' carries out nothing", verb.what));
    }
    return devd.abort(found->operation_id, deadline);
}

namespace {

const contract::SaleStep* step_of(const Operation& sale, contract::SaleRole role,
                                  const std::function<bool(OperationState)>& wanted) {
    if (!sale.sale || sale.state != OperationState::done) {
        return nullptr;
    }
    const auto& steps = sale.sale->steps;
    const auto found = std::find_if(steps.begin(), steps.end(), [&](const auto& step) {
        return step.role == role && wanted(step.state);
    });
    return found == steps.end() ? nullptr : &*found;
}

}  // namespace

void wait_for_paper(Operation& sale, Client& devd, os::Clock& clock, os::Deadline deadline) {
    constexpr os::Duration kPaperLook = std::chrono::milliseconds(200);
    const auto open = [](OperationState state) { return !client::is_final(state); };
    const os::Deadline until = std::min(deadline, clock.now() + kPaperPatience);
    while (step_of(sale, contract::SaleRole::slip, open) != nullptr && clock.now() < until) {
        clock.sleep_until(std::min(until, clock.now() + kPaperLook));
        auto now = devd.operation(sale.operation_id, deadline);
        if (!now) {
            return;  // the sale is known; its paper is not worth an error
        }
        sale = std::move(*now);
    }
}

std::optional<LostPaper> lost_paper_of(const Operation& sale, Client& devd, os::Deadline deadline) {
    const auto failed = [](OperationState state) {
        return client::is_final(state) && state != OperationState::done;
    };
    const contract::SaleStep* slip = step_of(sale, contract::SaleRole::slip, failed);
    if (slip == nullptr) {
        return std::nullopt;
    }
    const contract::SaleStep* payment =
        step_of(sale, contract::SaleRole::payment, [](OperationState) { return true; });
    const auto step = devd.operation(slip->operation_id, deadline);
    LostPaper lost;
    lost.printer = slip->device;
    lost.terminal = payment == nullptr ? "" : payment->device;
    lost.reason = step && step->error ? contract::to_base(*step->error)
                                      : base::make_error(ErrorCode::cancelled, "");
    return lost;
}

void CustomerWatch::follow(const std::string& terminal, os::Deadline deadline) {
    std::vector<std::string> terminals;
    if (!terminal.empty()) {
        terminals.push_back(terminal);
    } else if (const auto devices = devd_.devices(deadline)) {
        for (const contract::Device& device : *devices) {
            if (device.driver.starts_with(kTerminalDrivers) && terminals.size() < kTerminalsMax) {
                terminals.push_back(device.device);
            }
        }
    }
    for (const std::string& one : terminals) {
        static_cast<void>(devd_.subscribe("prompt/" + one, {}, deadline));
    }
}

bool CustomerWatch::look(const Operation& so_far) {
    show_stage(so_far);
    show_what_it_waits_for(so_far);
    show_prompts(so_far);
    interrupted_ = interrupted_ || console_.interrupted();
    return !interrupted_ && !waits_for_entry(so_far);
}

/// Once the terminal wants its result entered, or cannot tell, nothing else helps. The one may
/// follow the other, which makes another version.
bool CustomerWatch::waits_for_entry(const Operation& so_far) {
    const bool wanted =
        so_far.error && (so_far.error->code == base::name_of(ErrorCode::needs_entry) ||
                         so_far.error->code == base::name_of(ErrorCode::device_in_doubt));
    if (version_ < 0 && !wanted) {
        return false;
    }
    if (so_far.version != version_) {
        version_ = so_far.version;
        same_since_ = clock_.now();
    }
    return clock_.now() - same_since_ >= kVersionRests;
}

void CustomerWatch::show_prompts(const Operation& so_far) {
    for (int i = 0; i < kEventsAtOnceMax; ++i) {
        const auto event = devd_.next_event(clock_.now());
        if (!event || !*event) {
            break;  // nothing there now; a lost connection is made anew by whoever waits
        }
        const auto* prompt = std::get_if<contract::Prompt>(&(**event).event.body);
        if (prompt != nullptr && early_.size() < kEarlyPromptsMax) {
            early_.push_back(*prompt);
        }
    }
    for (const contract::Prompt& prompt : early_) {
        if (is_of(prompt, so_far)) {
            console_.err(prompt_text(language_, prompt));
        }
    }
    std::erase_if(early_, [&](const auto& prompt) { return is_of(prompt, so_far); });
}

/// Once, and at once where the terminal is away or in doubt: nobody stands before a terminal that
/// says nothing and wonders. One that works may take a moment to begin.
void CustomerWatch::show_what_it_waits_for(const Operation& so_far) {
    if (!first_look_) {
        first_look_ = clock_.now();
    }
    if (wait_told_ || so_far.sale || so_far.state != OperationState::accepted) {
        return;
    }
    const auto terminal = devd_.status(so_far.device, clock_.now() + kStatusTime);
    const bool works = terminal && (terminal->state == contract::DeviceState::ready ||
                                    terminal->state == contract::DeviceState::busy);
    if (!terminal || (works && clock_.now() - *first_look_ < kBeginsWithin)) {
        return;
    }
    wait_told_ = true;
    console_.err(waits_for_text(language_, *terminal));
    if (start_within_s_ != 0) {
        console_.err(start_limit_text(language_, start_within_s_));
    }
}

void CustomerWatch::show_stage(const Operation& so_far) {
    if (so_far.sale && so_far.sale->stage != stage_) {
        stage_ = so_far.sale->stage;
        console_.err(stage_line(language_, stage_));
    }
}

}  // namespace tillhost::tillctl
