#include "devd/core/decision.h"

#include <fmt/format.h>

#include <charconv>

#include "hal/base/money.h"

namespace tillhost::devd::core {
namespace {

using base::Done;
using base::ErrorCode;
using base::Result;
using contract::OperationResult;

/// What a payment command asks for; nothing of an end of day.
struct Asked {
    std::int64_t amount_minor = 0;
    std::string currency;
    bool less_is_right = false;
};

std::optional<Asked> asked_of(const contract::Command& command) {
    if (const auto* pay = std::get_if<contract::Authorise>(&command)) {
        return Asked{pay->amount_minor, pay->currency, pay->allow_partial};
    }
    if (const auto* reverse = std::get_if<contract::Reverse>(&command)) {
        return Asked{reverse->amount_minor, reverse->currency};
    }
    if (const auto* refund = std::get_if<contract::Refund>(&command)) {
        return Asked{refund->amount_minor, refund->currency};
    }
    return std::nullopt;
}

/// The amount up to which entering it once is enough.
std::int64_t limit_of(const DeviceConfig* device) {
    if (device == nullptr) {
        return kConfirmAboveDefaultMinor;
    }
    for (const contract::Setting& setting : device->settings) {
        std::int64_t limit = 0;
        const char* const end = setting.value.data() + setting.value.size();
        if (setting.name == kConfirmAboveSetting &&
            std::from_chars(setting.value.data(), end, limit).ptr == end) {
            return limit;
        }
    }
    return kConfirmAboveDefaultMinor;
}

Done check_entry(const contract::PaymentEntry& entry, const Asked& asked,
                 const DeviceConfig* device) {
    const bool fits =
        entry.amount_minor == asked.amount_minor ||
        (asked.less_is_right && entry.amount_minor > 0 && entry.amount_minor < asked.amount_minor);
    if (!fits) {
        return base::bad_field(
            "payment.amount_minor",
            fmt::format("{}, as was asked for; if the paper says another amount, this payment was "
                        "not executed as asked: reverse it at the terminal and decide so",
                        asked.amount_minor));
    }
    const std::int64_t limit = limit_of(device);
    if (entry.amount_minor > limit && entry.amount_again_minor != entry.amount_minor) {
        return base::bad_field(
            "payment.amount_again_minor",
            fmt::format("the amount a second time, since it is above {}", limit));
    }
    return {};
}

contract::PaymentResult result_of(const contract::PaymentEntry& entry) {
    contract::PaymentResult result;
    result.amount_minor = entry.amount_minor;
    result.requested_minor = entry.amount_minor;
    result.currency = entry.currency;
    result.receipt_number = entry.receipt_number;
    result.authorisation_code = entry.authorisation_code;
    result.card_name = entry.card_name;
    result.reference = entry.reference;
    result.entered_by_hand = true;
    return result;
}

Result<OperationResult> answer_of(const OperationRow& row, const Asked& asked,
                                  const contract::DecideRequest& request,
                                  const DeviceConfig* device) {
    if (!request.payment) {
        return base::bad_field("payment", "what the terminal's paper says");
    }
    const contract::PaymentEntry& entry = *request.payment;
    TRY(check_entry(entry, asked, device));
    contract::PaymentResult result = result_of(entry);
    result.requested_minor = asked.amount_minor;
    result.currency = asked.currency;
    if (row.marker) {
        result.terminal_id = identity_of(*row.marker).serial;
    }
    return OperationResult(result);
}

Result<OperationResult> document_by_hand(const OperationRow& row,
                                         const contract::DecideRequest& request) {
    const auto* marker = row.marker ? std::get_if<contract::FiscalMarker>(&*row.marker) : nullptr;
    const std::int64_t before = marker == nullptr ? 0 : marker->last_document_number;
    if (makes_fiscal_document(*row.command) && request.fiscal_document_number <= before) {
        return base::make_error(
            ErrorCode::wrong_verdict,
            fmt::format("fiscal_document_number: the number on the paper, above {}", before));
    }
    contract::FiscalResult result;
    result.registered = true;
    result.printed = contract::Printed::printed;  // the person read it from the paper
    result.fiscal_document_number = request.fiscal_document_number;
    if (marker != nullptr) {
        result.total_minor = marker->total_minor;
        result.serial = marker->identity.serial;
        result.fiscal_memory = marker->identity.fiscal_memory;
    }
    return OperationResult(result);
}

}  // namespace

Result<OperationResult> result_by_hand(const OperationRow& row,
                                       const contract::DecideRequest& request,
                                       const DeviceConfig* device) {
    if (const auto asked = asked_of(*row.command)) {
        return answer_of(row, *asked, request, device);
    }
    if (std::holds_alternative<contract::EndOfDay>(*row.command)) {
        contract::EndOfDayResult result;
        result.entered_by_hand = true;
        return OperationResult(result);
    }
    if (is_sale(row)) {  // of a restored book: its steps are decided one by one
        contract::SaleResult result;
        result.stage = contract::SaleStage::completed;
        return OperationResult(result);
    }
    return document_by_hand(row, request);
}

bool is_same_slip(const contract::PaymentResult& one, const contract::PaymentResult& other) {
    const auto differ = [](const std::string& a, const std::string& b) {
        return !a.empty() && !b.empty() && a != b;
    };
    const bool named = one.receipt_number != 0 ||
                       (!one.authorisation_code.empty() && !other.authorisation_code.empty()) ||
                       (!one.reference.empty() && !other.reference.empty());
    return named && one.receipt_number == other.receipt_number &&
           one.amount_minor == other.amount_minor && one.currency == other.currency &&
           !differ(one.terminal_id, other.terminal_id) &&
           !differ(one.authorisation_code, other.authorisation_code) &&
           !differ(one.reference, other.reference);
}

base::Done check_ownership(const OperationRow& row) {
    const auto* marker = row.marker ? std::get_if<contract::RemoteMarker>(&*row.marker) : nullptr;
    if (marker == nullptr) {
        return {};
    }
    return base::make_error(
        ErrorCode::possible_duplicate,
        fmt::format("operation_id: host '{}' may still carry it out; decide there, on its device "
                    "'{}', and it is settled here too. With force, only if that host never comes "
                    "back",
                    marker->host, marker->device));
}

Result<OperationResult> payment_by_hand(const contract::PaymentEntry& entry) {
    if (!base::Currency::from_code(entry.currency)) {
        return base::bad_field("payment.currency", "three letters A…Z, such as EUR");
    }
    return OperationResult(result_of(entry));
}

base::Error wrong_state(const OperationRow& row, std::string_view wanted) {
    return base::make_error(
        ErrorCode::wrong_state,
        fmt::format("the operation is {}; {}", contract::name_of(row.state), wanted));
}

}  // namespace tillhost::devd::core
