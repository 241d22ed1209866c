// The checks of a submit, in their order; everything else that clients ask: requests.cpp.
#include "devd/core/submission.h"

#include <fmt/format.h>

#include <algorithm>

#include "devd/core/requests.h"
#include "hal/base/money.h"
#include "hal/os/digest.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/receipt_rules.h"

namespace tillhost::devd::core {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using contract::OperationState;

/// The wall clock may jump, so a far time limit is looked at again.
constexpr std::int64_t kExpiryLookMsMax = 60'000;

Done check_currency(const std::string& currency) {
    const auto read = base::Currency::from_code(currency);
    if (!read) {
        return base::bad_field("command.currency", "three letters A…Z, such as RUB");
    }
    return {};
}

/// What the schema cannot say about a command.
struct CheckCommand {
    Done operator()(const contract::Receipt& receipt) const {
        const auto totals = contract::check_receipt(receipt);
        if (!totals) {
            return contract::in_field(totals.error(), "command.receipt");
        }
        return {};
    }
    Done operator()(const contract::Sale& sale) const {
        const auto totals = contract::check_receipt(sale.receipt);
        if (!totals) {
            return base::with_context(totals.error(), "command.sale.receipt");
        }
        return {};
    }
    Done operator()(const contract::Correction& correction) const {
        const auto totals = contract::check_correction(correction);
        if (!totals) {
            return contract::in_field(totals.error(), "command.correction");
        }
        return {};
    }
    Done operator()(const contract::Authorise& pay) const { return check_currency(pay.currency); }
    Done operator()(const contract::Reverse& pay) const { return check_currency(pay.currency); }
    Done operator()(const contract::Refund& pay) const { return check_currency(pay.currency); }
    Done operator()(const contract::SetLayout& layout) const {
        for (const auto& [name, lines] :
             {std::pair{"header", &layout.header}, std::pair{"footer", &layout.footer}}) {
            const bool blank = std::all_of(lines->begin(), lines->end(), [](const auto& line) {
                return line.find_first_not_of(' ') == std::string::npos;
            });
            if (!lines->empty() && blank) {
                return base::bad_field(fmt::format("command.set_layout.{}", name),
                                       "a line with something on it, or left out");
            }
        }
        return {};
    }
    Done operator()(const contract::CashIn& cash) const { return check_currency(cash.currency); }
    Done operator()(const contract::CashOut& cash) const { return check_currency(cash.currency); }
    template <class Other>
    Done operator()(const Other&) const {
        return {};
    }
};

}  // namespace

std::string content_hash_of(const std::string& device, const contract::Command& command,
                            const std::string& sale_ref) {
    contract::Value::Map content;
    content.emplace_back("device", contract::Value(device));
    content.emplace_back("command", contract::to_value(command));
    content.emplace_back("sale_ref", contract::Value(sale_ref));
    return os::sha256_hex(contract::canonical_bytes(contract::Value(std::move(content))));
}

Requests::Outcome Requests::submit(const Call& call) {
    auto read = contract::from_value<contract::SubmitRequest>(call.request.body);
    if (!read) {
        TRY(check_command_role(call));
        return std::move(read).error();
    }
    contract::SubmitRequest& request = *read;
    TRY(check_session(call, request.session));
    OperationRow row;
    row.content_hash = content_hash_of(request.device, request.command, request.sale_ref);
    if (context_.book.find(request.operation_id) != nullptr) {
        const auto* entry = TRY(visible(call, request.operation_id));
        return answer_known(call, *entry, row.content_hash);
    }
    TRY(check_command_role(call));  // a known one was its asker's to ask for
    TRY(check_age(request.operation_id));
    TRY(std::visit(CheckCommand{}, request.command));
    const bool sale = std::holds_alternative<contract::Sale>(request.command);
    if (sale) {
        TRY(complete_sale(request));
    }
    TRY(check_command_rights(call, request));
    TRY(check_lease(call, request));
    DeviceLane* of = nullptr;
    if (sale) {
        TRY(check_sale(std::get<contract::Sale>(request.command)));
    } else {
        of = TRY(lane(request.device));
        TRY(check_device(of->config(), request.command));
    }
    row.id = request.operation_id;
    row.device = request.device;
    row.command = request.command;
    row.client = call.session->client;
    row.sale_ref = request.sale_ref;
    row.start_before_ms = request.start_before_ms;
    TRY(check_duplicates(row, request.force));
    TRY(check_room(row));
    const OperationBook::Entry& accepted = context_.book.accept(std::move(row));
    answer(call.peer, call.request.id, accepted);
    if (accepted.row.start_before_ms != 0) {
        expire_later(accepted.row.id, accepted.row.start_before_ms);
    }
    if (of != nullptr) {
        of->wake();
    }
    return {};
}

/// Names its devices.
Done Requests::complete_sale(contract::SubmitRequest& request) const {
    if (!request.device.empty()) {
        return base::bad_field("device", "empty: a sale names its devices itself");
    }
    auto& sale = std::get<contract::Sale>(request.command);
    sale = TRY(sales_.completed(std::move(sale)));
    return {};
}

/// Each step as if it were handed over by itself.
Done Requests::check_sale(const contract::Sale& sale) const {
    const DeviceLane* const registrar = TRY(lane(sale.registrar));
    TRY(check_device(registrar->config(), sale.receipt));
    if (!sale.substitute.empty()) {
        const DeviceLane* const substitute = TRY(lane(sale.substitute));
        TRY(check_device(substitute->config(), sale.receipt));
    }
    return {};
}

/// Of an id that is not known.
Done Requests::check_age(const base::OperationId& id) const {
    TRY(check_lost(id));
    if (id.unix_ms() < context_.book.watermark_ms()) {
        return make_error(ErrorCode::id_too_old,
                          "operation_id: make a new one; this book has forgotten its time");
    }
    const auto lead = std::chrono::duration_cast<std::chrono::milliseconds>(kIdLeadMax).count();
    if (static_cast<std::int64_t>(id.unix_ms()) > context_.clock.unix_ms() + lead) {
        return make_error(ErrorCode::id_from_future,
                          "operation_id: the clock that made it is more than five minutes ahead "
                          "of devd's");
    }
    return {};
}

Done Requests::check_lost(const base::OperationId& id) const {
    if (!context_.book.may_be_lost(id)) {
        return {};
    }
    const auto now = static_cast<std::uint64_t>(context_.clock.unix_ms());
    const std::uint64_t fence = context_.book.fence_ms();
    const std::string wait =
        now < fence ? fmt::format("; sell nothing for {} s", (fence - now) / 1000 + 1) : "";
    return make_error(ErrorCode::book_restored,
                      "operation_id: not in the book, which was restored and takes no id made "
                      "before its fence; look at the registrar whether the document is there, then "
                      "settle it with decide, version 0" +
                          wait,
                      base::Effect::unknown);
}

Requests::Outcome Requests::answer_known(const Call& call, const OperationBook::Entry& known,
                                         const std::string& content_hash) {
    if (known.row.state == OperationState::never_accepted) {
        return make_error(ErrorCode::wrong_state,
                          "operation_id: it was given up by settle and can never be accepted");
    }
    // Of one that a person settled after a restore the content is not known.
    if (known.row.command && known.row.content_hash != content_hash) {
        return make_error(ErrorCode::conflict,
                          "operation_id: it is taken by other content; an id belongs to one sale");
    }
    answer(call.peer, call.request.id, known, true);
    return {};
}

Done Requests::check_device(const DeviceConfig& device, const contract::Command& command) const {
    if (!device.setup_missing.empty() && is_money(command)) {
        return make_error(
            ErrorCode::setup_incomplete,
            fmt::format("device: '{}' still needs its {}", device.id,
                        device.setup_missing.front() == contract::SetupStep::connection
                            ? "connection check (check_device, tillctl test)"
                            : "header and footer (set_layout), and then the "
                              "connection check once more"));
    }
    if (options_.check_command) {
        TRY(options_.check_command(device.driver, command));
    }
    return {};
}

Done Requests::check_duplicates(const OperationRow& row, bool force) const {
    const OperationBook& book = context_.book;
    if (!row.sale_ref.empty()) {
        if (const auto* other = book.with_sale_ref(row.client, row.sale_ref)) {
            return make_error(ErrorCode::conflict,
                              fmt::format("sale_ref: '{}' is that of operation {}", row.sale_ref,
                                          other->row.id.to_text()));
        }
    }
    if (force) {
        return {};
    }
    if (const auto* other = book.equal_open(row.client, row.content_hash)) {
        return make_error(
            ErrorCode::possible_duplicate,
            fmt::format("operation {} is equal and {}; if this is another sale, say force",
                        other->row.id.to_text(),
                        is_final(other->row.state)
                            ? "not acknowledged: acknowledge it once its result is known"
                            : "not finished"));
    }
    return {};
}

Done Requests::check_room(const OperationRow& row) {
    if (context_.stopping) {
        return make_error(ErrorCode::shutting_down, "");
    }
    if (row.start_before_ms != 0 && context_.clock.unix_ms() > row.start_before_ms) {
        return make_error(ErrorCode::expired, "start_before_ms: it is past already");
    }
    if (!context_.book.has_room()) {
        return make_error(ErrorCode::storage_full, "make room on the disk of the operation book");
    }
    if (context_.book.waiting(row.device).size() >= options_.device_queue_max) {
        return make_error(
            ErrorCode::retry_later,
            fmt::format("device: {} operations wait for it already", options_.device_queue_max));
    }
    context_.book.shrink_to(options_.operations_max - 1);
    if (context_.book.size() >= options_.operations_max) {
        return make_error(ErrorCode::retry_later,
                          "the book is full of operations whose results nobody acknowledged");
    }
    return {};
}

void Requests::resume() {
    for (const auto& [sequence, entry] : context_.book.all()) {
        if (entry->row.state == OperationState::accepted && entry->row.start_before_ms != 0) {
            expire_later(entry->row.id, entry->row.start_before_ms);
        }
    }
}

void Requests::expire_later(const base::OperationId& id, std::int64_t start_before_ms) {
    const std::int64_t left_ms = start_before_ms - context_.clock.unix_ms() + 1;
    const auto wait = std::chrono::milliseconds(std::min(left_ms, kExpiryLookMsMax));
    context_.timers.call_at(context_.clock.now() + wait, [this, id, start_before_ms] {
        const OperationBook::Entry* entry = context_.book.find(id);
        if (entry == nullptr || entry->row.state != OperationState::accepted) {
            return;
        }
        const bool at_once = entry->row.attempt > 0 && !is_money(*entry->row.command);
        if (at_once || (is_sale(entry->row) && sales_.has_steps(entry->row))) {
            return;  // it has started; its row is accepted until its end
        }
        if (context_.clock.unix_ms() > start_before_ms) {
            context_.book.expire(id);
        } else {
            expire_later(id, start_before_ms);
        }
    });
}

}  // namespace tillhost::devd::core
