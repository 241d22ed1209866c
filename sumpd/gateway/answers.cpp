#include "sumpd/gateway/answers.h"

#include <fmt/format.h>

#include "hal/base/money.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"
#include "sumpd/gateway/device_command.h"

namespace tillhost::sumpd::gateway {

using exchange::AnswerCommand;
using exchange::FaultCode;
using exchange::PaymentOutcome;

namespace {

contract::PaymentEntry entry_of(const AnswerCommand& answer) {
    contract::PaymentEntry entry;
    entry.amount_minor = answer.amount_minor.value_or(0);
    entry.amount_again_minor = answer.amount_again_minor.value_or(0);
    entry.receipt_number = answer.receipt_number.value_or(0);
    entry.authorisation_code = answer.authorisation_code.value_or("");
    entry.card_name = answer.card_name.value_or("");
    entry.reference = answer.reference.value_or("");
    return entry;
}

std::optional<contract::Operation> operation_in(const std::string& json) {
    const auto value = ipc::from_json(json);
    contract::Decoder decoder("result");
    contract::Operation operation;
    if (!value || !decode(decoder, *value, operation)) {
        return std::nullopt;
    }
    return operation;
}

std::string sum_text(std::int64_t minor, const std::string& currency) {
    const auto known = base::Currency::from_code(currency);
    return base::minor_to_text(minor, known ? known->decimals() : 2) + " " + currency;
}

exchange::CommandPrompt prompt(std::string_view what, std::int64_t minor,
                               const std::string& currency) {
    return {.text = fmt::format("{} {}", what, sum_text(minor, currency)),
            .amount_minor = minor,
            .currency = currency};
}

}  // namespace

std::optional<exchange::CommandPrompt> prompt_of(const CommandRow& row) {
    const auto command = command_of(row.op, row.payload, contract::Role::administrator);
    if (!row.asks_person || row.stage != Stage::unknown || !command) {
        return std::nullopt;
    }
    if (const auto* const pay = std::get_if<contract::Authorise>(&*command)) {
        return prompt("charge", pay->amount_minor, pay->currency);
    }
    if (const auto* const reverse = std::get_if<contract::Reverse>(&*command)) {
        return prompt("reverse", reverse->amount_minor, reverse->currency);
    }
    if (const auto* const refund = std::get_if<contract::Refund>(&*command)) {
        return prompt("pay back", refund->amount_minor, refund->currency);
    }
    return exchange::CommandPrompt{.text = "close the day"};
}

client::Client::Decision decision_of(const CommandRow& row, std::int64_t version,
                                     const AnswerCommand& answer, const Asker& from) {
    client::Client::Decision decision;
    decision.operation_id = base::OperationId::from_text(row.id).value_or(base::OperationId());
    decision.device = row.device_ref;
    decision.version = version;
    const bool is_approved = answer.outcome == PaymentOutcome::approved;
    decision.verdict = is_approved ? contract::Verdict::executed : contract::Verdict::not_executed;
    decision.note = fmt::format("{}, user {}, app {}", is_approved ? "approved" : "declined",
                                from.user, from.app);
    if (is_approved) {
        decision.payment = entry_of(answer);
    }
    return decision;
}

bool is_said_by(const AnswerCommand& answer, const CommandRow& row) {
    const bool is_approved = answer.outcome == PaymentOutcome::approved;
    if (row.stage != (is_approved ? Stage::done : Stage::failed)) {
        return false;
    }
    if (!is_approved) {
        return true;
    }
    const auto operation = operation_in(row.result);
    if (!operation || !operation->result) {
        return false;  // decided by an administrator, without a slip
    }
    const auto* const paid = std::get_if<contract::PaymentResult>(&*operation->result);
    if (paid == nullptr) {
        return true;  // the end of a day has no slip
    }
    const contract::PaymentEntry entry = entry_of(answer);
    return paid->amount_minor == entry.amount_minor &&
           paid->receipt_number == entry.receipt_number &&
           paid->authorisation_code == entry.authorisation_code &&
           paid->reference == entry.reference;
}

exchange::Fault refusal_of(const base::Error& error) {
    const std::size_t end = error.detail.find(": ");
    const auto wrong = [&](const char* field) {
        return exchange::refuse_field(
                   field, end == std::string::npos ? error.detail : error.detail.substr(end + 2))
            .value();
    };
    if (error.code == base::ErrorCode::bad_field) {
        const std::string path = error.detail.substr(0, end);
        return wrong(path == "payment.amount_again_minor" ? "amountAgainMinor" : "amountMinor");
    }
    if (error.code == base::ErrorCode::possible_duplicate) {
        return {.code = FaultCode::doc_conflict,
                .message = "the slip settled another payment already: " + error.detail,
                .field = "receiptNumber"};
    }
    return {.code = FaultCode::device_unavailable,
            .message = "the answer is not kept, repeat it: " + base::to_text(error)};
}

}  // namespace tillhost::sumpd::gateway
