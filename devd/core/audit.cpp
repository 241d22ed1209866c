#include "devd/core/audit.h"

#include <fmt/format.h>

#include <utility>

#include "devd/core/operation_book.h"
#include "hal/base/text.h"
#include "hal/os/digest.h"
#include "ipc/contract/receipt_rules.h"
#include "ipc/json.h"

namespace tillhost::devd::core {
namespace {

using contract::AuditKind;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::size_t kNoteBytesMax = 500;

/// What a command is about in money; nothing where it is not.
struct Sum {
    std::int64_t minor = 0;
    std::string currency{};
};

struct SumOf {
    Sum operator()(const contract::Receipt& receipt) const { return of(receipt); }
    Sum operator()(const contract::Sale& sale) const { return of(sale.receipt); }
    Sum operator()(const contract::Correction& correction) const {
        const auto totals = contract::check_correction(correction);
        return {totals ? totals->total_minor : 0, correction.receipt.currency};
    }
    Sum operator()(const contract::Authorise& pay) const {
        return {pay.amount_minor, pay.currency};
    }
    Sum operator()(const contract::Reverse& pay) const { return {pay.amount_minor, pay.currency}; }
    Sum operator()(const contract::Refund& pay) const { return {pay.amount_minor, pay.currency}; }
    Sum operator()(const contract::CashIn& cash) const {
        return {cash.amount_minor, cash.currency};
    }
    Sum operator()(const contract::CashOut& cash) const {
        return {cash.amount_minor, cash.currency};
    }
    template <class Other>
    Sum operator()(const Other&) const {
        return {};
    }

private:
    static Sum of(const contract::Receipt& receipt) {
        const auto totals = contract::check_receipt(receipt);
        return {totals ? totals->total_minor : 0, receipt.currency};
    }
};

void add_result(const contract::OperationResult& result, contract::AuditRecord& to) {
    if (const auto* fiscal = std::get_if<contract::FiscalResult>(&result)) {
        to.fiscal_document_number = fiscal->fiscal_document_number;
    } else if (const auto* payment = std::get_if<contract::PaymentResult>(&result)) {
        to.amount_minor = payment->amount_minor;  // a part, or with a tip
        to.terminal_receipt_number = payment->receipt_number;
    }
}

}  // namespace

std::string audit_hash(const std::string& former, const std::string& text) {
    const std::string whole = former + "\n" + text;
    return os::sha256_hex(std::as_bytes(std::span(whole)));
}

void Audit::add(contract::AuditRecord record) {
    AuditRow row;
    row.number = tip_.number + 1;
    record.number = static_cast<std::int64_t>(row.number);
    record.at_ms = clock_.unix_ms();
    if (!client_.empty() && record.kind != AuditKind::refused &&
        (client_ != record.who || record.kind == AuditKind::decided)) {
        record.by = served_;
    }
    record.note.resize(base::cut_utf8(record.note, kNoteBytesMax).size());
    row.text = ipc::to_json(contract::to_value(record, contract::Style::readable), -1);
    row.hash = audit_hash(tip_.hash, row.text);
    tip_ = {row.number, row.hash};
    waiting_.push_back(std::move(row));
}

void Audit::settled(const OperationRow& row) {
    contract::AuditRecord record;
    record.kind = row.decision.empty() ? AuditKind::settled : AuditKind::decided;
    record.who = row.client;
    record.device = row.device;
    record.operation_id = row.id;
    record.outcome = contract::name_of(row.state);
    record.note = row.decision;
    if (row.command) {
        const Sum sum = std::visit(SumOf{}, *row.command);
        record.action = contract::case_of(*row.command);
        record.amount_minor = sum.minor;
        record.currency = sum.currency;
    }
    if (row.result) {
        add_result(*row.result, record);
    }
    if (row.error && row.state != contract::OperationState::done) {
        record.error = row.error->code;
    }
    add(std::move(record));
}

void Audit::refused(const std::string& who, std::string_view request, const base::Error& error) {
    const std::int64_t minute = clock_.unix_ms() / kMinuteMs;
    contract::AuditRecord record;
    record.kind = AuditKind::refused;
    if (minute != std::exchange(refusals_minute_, minute)) {
        const int left_out = std::exchange(refusals_, 0) - kRefusalsPerMinuteMax;
        if (left_out > 0) {
            record.note = fmt::format("{} more refusals", left_out);
            add(record);
        }
    }
    if (++refusals_ > kRefusalsPerMinuteMax) {
        return;
    }
    record.who = who;
    record.action = request;
    record.outcome = base::name_of(error.code);
    record.note = error.detail;
    add(std::move(record));
}

}  // namespace tillhost::devd::core
