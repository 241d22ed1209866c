// The part of the machine that keeps a receipt and its money.
#include <algorithm>
#include <numeric>

#include "hal/base/money.h"
#include "simulators/fiscal/shtrih/machine.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr FieldPlace kForbidZeroReceipt{.table = 1, .row = 1, .field = 23};
constexpr FieldPlace kPrintCancelled{.table = 17, .row = 1, .field = 15};
constexpr std::uint8_t kDepartmentMax = 16;
constexpr std::int64_t kPercentWhole = 10'000;  // discounts and rates are in 0.01 %

// First cash registers of each group, in the receipt and in the shift.
constexpr std::size_t kDepartmentsInReceipt = 0, kDepartmentsInShift = 121;
constexpr std::size_t kChangesInReceipt = 64, kChangesInShift = 185;
constexpr std::size_t kPaymentsInReceipt = 72, kPaymentsInShift = 193;
constexpr std::size_t kVatInReceipt = 88, kVatInShift = 209;
constexpr std::size_t kCashInDrawer = 241, kNonResettable = 244, kCancelledSums = 249;
constexpr std::size_t kRegistersInReceipt = 120;

std::size_t index_of(ReceiptKind kind) { return static_cast<std::size_t>(kind); }

bool pays_out(ReceiptKind kind) {
    return kind == ReceiptKind::sale_return || kind == ReceiptKind::purchase;
}

FiscalOperation operation_of(ReceiptKind kind) {
    switch (kind) {
        case ReceiptKind::sale: return FiscalOperation::sale;
        case ReceiptKind::purchase: return FiscalOperation::purchase;
        case ReceiptKind::sale_return: return FiscalOperation::sale_return;
        case ReceiptKind::purchase_return: return FiscalOperation::purchase_return;
    }
    return FiscalOperation::none;
}

std::size_t department_register(const FiscalLine& line, ReceiptKind kind) {
    return (std::max<std::size_t>(line.department, 1) - 1) * 4 + index_of(kind);
}

}  // namespace

Refusal Machine::open_receipt(ReceiptKind kind, std::uint8_t operator_index) {
    if (!memory_.shift_open) {
        const auto opened = open_shift(operator_index);
        if (const auto* refusal = std::get_if<Refusal>(&opened)) {
            return *refusal;
        }
    }
    memory_.begun = BegunDocument::receipt;
    memory_.receipt = {};
    memory_.receipt.kind = kind;
    memory_.receipt.operator_index = operator_index;
    std::fill_n(memory_.cash.begin(), kRegistersInReceipt, 0);
    return Refusal::ok;
}

Refusal Machine::add_position(ReceiptKind kind, FiscalLine line, std::uint8_t operator_index) {
    if (receipt_open() && memory_.receipt.operator_index != operator_index) {
        return Refusal::other_operator;
    }
    if (receipt_open() && memory_.receipt.kind != kind) {
        return Refusal::wrong_receipt_type;
    }
    if (shift_expired()) {
        return Refusal::shift_expired;
    }
    if (line.department > kDepartmentMax) {
        return Refusal::bad_department;
    }
    if (receipt_open() && memory_.receipt.lines.size() >= options_.operations_max) {
        return Refusal::too_many_operations;
    }
    const std::int64_t before = receipt_open() ? subtotal() : 0;
    if (line.sum_minor > kTotalMinorMax || before + line.sum_minor > kTotalMinorMax) {
        return Refusal::total_overflow;
    }
    if (!receipt_open()) {
        if (const Refusal refusal = open_receipt(kind, operator_index); refusal != Refusal::ok) {
            return refusal;
        }
    }
    memory_.cash[kDepartmentsInReceipt + department_register(line, kind)] += line.sum_minor;
    if (!line.name.starts_with("//")) {  // "//": not printed
        const std::vector<std::string> printed = paper_.position(line);
        memory_.receipt.body.insert(memory_.receipt.body.end(), printed.begin(), printed.end());
    }
    memory_.receipt.lines.push_back(std::move(line));
    return Refusal::ok;
}

Refusal Machine::change_total(std::int64_t discount_minor, std::int64_t surcharge_minor) {
    if (discount_minor > subtotal() + surcharge_minor) {
        return Refusal::negative_total;
    }
    if (surcharge_minor > kTotalMinorMax - subtotal()) {
        return Refusal::total_overflow;
    }
    memory_.receipt.discount_minor += discount_minor;
    memory_.receipt.surcharge_minor += surcharge_minor;
    const std::size_t kind = index_of(memory_.receipt.kind);
    memory_.cash[kChangesInReceipt + kind] += discount_minor;
    memory_.cash[kChangesInReceipt + 4 + kind] += surcharge_minor;
    if (discount_minor != 0) {
        memory_.receipt.body.push_back(paper_.pair("СКИДКА", money_text(discount_minor)));
    }
    if (surcharge_minor != 0) {
        memory_.receipt.body.push_back(paper_.pair("НАДБАВКА", money_text(surcharge_minor)));
    }
    return Refusal::ok;
}

std::int64_t Machine::subtotal() const {
    const OpenReceipt& receipt = memory_.receipt;
    return std::accumulate(
        receipt.lines.begin(), receipt.lines.end(),
        receipt.surcharge_minor - receipt.discount_minor,
        [](std::int64_t sum, const FiscalLine& line) { return sum + line.sum_minor; });
}

std::int64_t Machine::vat_of(std::int64_t sum, std::uint8_t vat_code) const {
    const auto rate = static_cast<std::int64_t>(
        tables_.number({.table = 6, .row = vat_row(vat_code), .field = 1}));
    return base::scale_minor(sum, rate, kPercentWhole + rate, base::Rounding::half_up);
}

Refusal Machine::check_settlement(const Settlement& settlement, std::int64_t total,
                                  std::uint8_t operator_index) const {
    if (memory_.receipt.operator_index != operator_index) {
        return Refusal::other_operator;
    }
    if (shift_expired()) {
        return Refusal::shift_expired;
    }
    const bool zero_forbidden = tables_.number(kForbidZeroReceipt) == 1;
    if (memory_.receipt.lines.empty() || (total == 0 && zero_forbidden)) {
        return Refusal::zero_total;
    }
    if (total < 0) {
        return Refusal::negative_total;
    }
    const std::int64_t cash = settlement.payments[0];
    const std::int64_t noncash = std::accumulate(settlement.payments.begin() + 1,
                                                 settlement.payments.end(), std::int64_t{0});
    if (noncash > total) {
        return Refusal::noncash_above_total;
    }
    if (cash + noncash < total) {
        return Refusal::payments_below_total;
    }
    if (pays_out(memory_.receipt.kind) && total - noncash > memory_.cash[kCashInDrawer]) {
        return Refusal::not_enough_cash;
    }
    return Refusal::ok;
}

OrRefusal<Closed> Machine::close_receipt(const Settlement& settlement,
                                         std::uint8_t operator_index) {
    if (!receipt_open()) {
        return Refusal::receipt_closed;
    }
    const std::int64_t percent_off = base::scale_minor(subtotal(), settlement.discount_percent,
                                                       kPercentWhole, base::Rounding::half_up);
    const std::int64_t total = subtotal() - percent_off - settlement.rounding_minor;
    if (const Refusal refusal = check_settlement(settlement, total, operator_index);
        refusal != Refusal::ok) {
        return refusal;
    }
    if (const Refusal fault = fiscal_storage_fault(); fault != Refusal::ok) {
        return fault;
    }
    ++memory_.receipt_number;
    FiscalDocument& document = sign(FiscalDocumentType::receipt, operator_index);
    document.operation = operation_of(memory_.receipt.kind);
    document.total_minor = total;
    document.lines = memory_.receipt.lines;
    document.payments_minor.assign(settlement.payments.begin(), settlement.payments.end());
    document.change_minor =
        std::accumulate(settlement.payments.begin(), settlement.payments.end(), -total);
    book_receipt(settlement, document);
    const std::vector<std::string> lines = receipt_paper(settlement, document);
    memory_.last_receipt = lines;
    print(lines);
    end_document();
    return closed_of(document);
}

void Machine::book_receipt(const Settlement& settlement, const FiscalDocument& document) {
    auto& cash = memory_.cash;
    const std::size_t kind = index_of(memory_.receipt.kind);
    for (const FiscalLine& line : document.lines) {
        cash[kDepartmentsInShift + department_register(line, memory_.receipt.kind)] +=
            line.sum_minor;
        if (const std::uint8_t row = vat_row(line.vat_code); row >= 1 && row <= 4) {
            const std::size_t offset = (row - 1U) * 8 + kind * 2;
            const std::int64_t vat = vat_of(line.sum_minor, line.vat_code);
            for (const std::size_t base : {kVatInReceipt, kVatInShift}) {
                cash[base + offset] += line.sum_minor;
                cash[base + offset + 1] += vat;
            }
        }
    }
    for (std::size_t i = 0; i < 4; ++i) {
        const std::int64_t change = i == 0 ? document.change_minor : 0;
        cash[kPaymentsInReceipt + i * 4 + kind] = settlement.payments[i] - change;
        cash[kPaymentsInShift + i * 4 + kind] += settlement.payments[i] - change;
    }
    for (const std::size_t i : {std::size_t{0}, std::size_t{4}}) {
        cash[kChangesInShift + i + kind] += cash[kChangesInReceipt + i + kind];
    }
    const std::int64_t moved = settlement.payments[0] - document.change_minor;
    cash[kCashInDrawer] += pays_out(memory_.receipt.kind) ? -moved : moved;
    cash[kNonResettable] += document.total_minor;
    ++memory_.operations[144 + kind];
    ++memory_.operations[148 + kind];
}

Refusal Machine::cancel_receipt(std::uint8_t operator_index) {
    if (!receipt_open()) {
        return Refusal::receipt_closed;
    }
    if (memory_.receipt.operator_index != operator_index) {
        return Refusal::other_operator;
    }
    const std::size_t kind = index_of(memory_.receipt.kind);
    memory_.cash[kCancelledSums + kind] += subtotal();
    for (const std::size_t number : {std::size_t{157}, std::size_t{166}, 179 + kind}) {
        ++memory_.operations[number];
    }
    if (tables_.number(kPrintCancelled) == 1) {
        std::vector<std::string> lines = memory_.receipt.body;
        lines.push_back(paper_.centred("ЧЕК АННУЛИРОВАН"));
        add_cut(lines);
        print(lines);
    }
    end_document();
    return Refusal::ok;
}

OrRefusal<Closed> Machine::register_correction(FiscalOperation operation, std::int64_t total_minor,
                                               std::uint8_t operator_index) {
    if (shift_expired()) {
        return Refusal::shift_expired;
    }
    if (const Refusal fault = fiscal_storage_fault(); fault != Refusal::ok) {
        return fault;
    }
    if (!memory_.shift_open) {
        const auto opened = open_shift(operator_index);
        if (const auto* refusal = std::get_if<Refusal>(&opened)) {
            return *refusal;
        }
    }
    ++memory_.receipt_number;
    FiscalDocument& document = sign(FiscalDocumentType::correction, operator_index);
    document.operation = operation;
    document.total_minor = total_minor;
    std::vector<std::string> lines;
    add_head(lines, "КАССОВЫЙ ЧЕК КОРРЕКЦИИ");
    lines.push_back(paper_.pair("ИТОГ", money_text(total_minor)));
    add_foot(lines, document);
    add_cut(lines);
    print(lines);
    end_document();
    return closed_of(document);
}

}  // namespace tillhost::simulators::shtrih
