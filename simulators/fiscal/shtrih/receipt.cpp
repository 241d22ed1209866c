// The part of the machine that keeps a receipt and its money.
#include <algorithm>
#include <numeric>

#include "hal/base/money.h"
#include "simulators/fiscal/shtrih/machine.h"
#include "simulators/fiscal/shtrih/tlv.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr FieldPlace kForbidZeroReceipt{.table = 1, .row = 1, .field = 23};
constexpr FieldPlace kTaxesByHost{.table = 1, .row = 1, .field = 14};
constexpr FieldPlace kTaxSystemsOfDevice{.table = 18, .row = 1, .field = 5};
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
constexpr std::size_t kVatRows = 12;

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

ReceiptKind kind_of(FiscalOperation operation) {
    switch (operation) {
        case FiscalOperation::sale_return: return ReceiptKind::sale_return;
        case FiscalOperation::purchase: return ReceiptKind::purchase;
        case FiscalOperation::purchase_return: return ReceiptKind::purchase_return;
        case FiscalOperation::sale:
        case FiscalOperation::none: break;
    }
    return ReceiptKind::sale;
}

std::size_t department_register(const FiscalLine& line, ReceiptKind kind) {
    return (std::max<std::size_t>(line.department, 1) - 1) * 4 + index_of(kind);
}

}  // namespace

bool tags_first_by_model(std::uint8_t code) {
    constexpr std::uint8_t kModels[] = {16, 19, 20, 21, 45, 46};
    return std::find(std::begin(kModels), std::end(kModels), code) != std::end(kModels);
}

Refusal Machine::open_receipt(ReceiptKind kind, std::uint8_t operator_index, bool correction) {
    if (!memory_.shift_open) {
        const auto opened = open_shift(operator_index);
        if (const auto* refusal = std::get_if<Refusal>(&opened)) {
            return *refusal;
        }
    }
    memory_.begun = BegunDocument::receipt;
    memory_.receipt = {};
    memory_.tags.clear();
    memory_.receipt.correction = correction;
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
    const bool by_host = tables_.number(kTaxesByHost) == 1 && line.vat_minor >= 0;
    line.vat_minor = by_host ? line.vat_minor : vat_of(line.sum_minor, line.vat_code);
    line.tags.swap(memory_.receipt.next_tags);
    if (line.name.starts_with("//")) {  // for the fiscal storage only
        line.name.erase(0, 2);
    } else {
        const std::vector<std::string> printed = line_paper(line);
        memory_.receipt.body.insert(memory_.receipt.body.end(), printed.begin(), printed.end());
    }
    memory_.receipt.lines.push_back(std::move(line));
    return Refusal::ok;
}

Refusal Machine::put_tags(std::vector<FiscalTag> tags) {
    if (memory_.begun == BegunDocument::none) {
        return Refusal::fn_wrong_state;
    }
    if (memory_.tags.size() + tags.size() > kDocumentTagsMax) {
        return Refusal::fn_tag_too_long;
    }
    for (FiscalTag& tag : tags) {
        set_tag(memory_.tags, std::move(tag));
    }
    return Refusal::ok;
}

Refusal Machine::put_line_tags(std::vector<FiscalTag> tags) {
    OpenReceipt& receipt = memory_.receipt;
    const bool to_next =
        options_.operation_tags_first.value_or(tags_first_by_model(options_.model_code));
    if (!receipt_open() || (!to_next && receipt.lines.empty())) {
        return Refusal::fn_wrong_state;
    }
    std::vector<FiscalTag>& place = to_next ? receipt.next_tags : receipt.lines.back().tags;
    if (place.size() + tags.size() > kLineTagsMax) {
        return Refusal::fn_tag_too_long;
    }
    for (FiscalTag& tag : tags) {
        if (!to_next) {
            add_tags(receipt.body, {tag});
        }
        set_tag(place, std::move(tag));
    }
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
    if (memory_.receipt.correction) {
        if (const Refusal refusal = check_correction_tags(); refusal != Refusal::ok) {
            return refusal;
        }
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

/// A correction of FFD 1.2 says its type and its basis in tags; asked for by the strict checks.
Refusal Machine::check_correction_tags() const {
    const bool basis =
        find_tag(memory_.tags, 1173) != nullptr && find_tag(memory_.tags, 1174) != nullptr;
    return strict() && !basis ? Refusal::fn_bad_parameter : Refusal::ok;
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
    if ((settlement.tax_system & ~tables_.number(kTaxSystemsOfDevice)) != 0) {
        return Refusal::bad_parameters;
    }
    if (const Refusal fault = fiscal_storage_fault(); fault != Refusal::ok) {
        return fault;
    }
    FiscalDocument& document = sign_receipt(settlement, total, operator_index);
    document.discount_minor =
        memory_.receipt.discount_minor - memory_.receipt.surcharge_minor + percent_off;
    book_receipt(document);
    const std::vector<std::string> lines = receipt_paper(settlement, document);
    memory_.last_receipt = lines;
    document.electronic_only = !print_document(lines, PaperKind::document);
    end_document();
    return closed_of(document);
}

FiscalDocument& Machine::sign_receipt(const Settlement& settlement, std::int64_t total,
                                      std::uint8_t operator_index) {
    const bool correction = memory_.receipt.correction;
    ++memory_.receipt_number;
    FiscalDocument& document = sign(
        correction ? FiscalDocumentType::correction : FiscalDocumentType::receipt, operator_index);
    document.operation = operation_of(memory_.receipt.kind);
    document.total_minor = total;
    document.lines = memory_.receipt.lines;
    document.payments_minor.assign(settlement.payments.begin(), settlement.payments.end());
    document.change_minor =
        std::accumulate(settlement.payments.begin(), settlement.payments.end(), -total);
    document.tax_system = settlement.tax_system;
    document.rounding_minor = settlement.rounding_minor;
    document.vat_minor = vat_sums(settlement);
    const base::Bytes* basis = find_tag(document.tags, 1173);
    document.correction_basis = static_cast<std::uint8_t>(
        correction && basis != nullptr ? decode_vln(*basis).value_or(0) & 1U : 0U);
    return document;
}

/// Sums of VAT by rate; those that the host gave count where the device is told not to reckon.
std::vector<std::int64_t> Machine::vat_sums(const Settlement& settlement) const {
    std::vector<std::int64_t> sums(kVatRows);
    for (const FiscalLine& line : memory_.receipt.lines) {
        if (const std::uint8_t row = vat_row(line.vat_code); row != 0) {
            const std::uint64_t rate = tables_.number({.table = 6, .row = row, .field = 1});
            sums[row - 1U] += rate == 0 ? line.sum_minor : line.vat_minor;
        }
    }
    if (tables_.number(kTaxesByHost) == 1) {
        std::copy(settlement.vat.begin(), settlement.vat.end(), sums.begin());
    }
    return sums;
}

void Machine::book_receipt(const FiscalDocument& document) {
    auto& cash = memory_.cash;
    const ReceiptKind kind = memory_.receipt.kind;
    for (const FiscalLine& line : document.lines) {
        cash[kDepartmentsInShift + department_register(line, kind)] += line.sum_minor;
    }
    book_vat(document);
    book_payments(document, kind);
    for (const std::size_t i : {std::size_t{0}, std::size_t{4}}) {
        cash[kChangesInShift + i + index_of(kind)] += cash[kChangesInReceipt + i + index_of(kind)];
    }
}

void Machine::book_vat(const FiscalDocument& document) {
    const std::size_t kind = index_of(memory_.receipt.kind);
    for (const FiscalLine& line : document.lines) {
        if (const std::uint8_t row = vat_row(line.vat_code); row >= 1 && row <= 4) {
            const std::size_t offset = (row - 1U) * 8 + kind * 2;
            for (const std::size_t base : {kVatInReceipt, kVatInShift}) {
                memory_.cash[base + offset] += line.sum_minor;
                memory_.cash[base + offset + 1] += line.vat_minor;
            }
        }
    }
}

void Machine::book_payments(const FiscalDocument& document, ReceiptKind receipt_kind) {
    auto& cash = memory_.cash;
    const std::size_t kind = index_of(receipt_kind);
    for (std::size_t i = 0; i < kPayments; ++i) {
        const std::int64_t paid = document.payments_minor[i] - (i == 0 ? document.change_minor : 0);
        memory_.paid_in_shift[i * 4 + kind] += paid;
        if (i < 4) {
            cash[kPaymentsInReceipt + i * 4 + kind] = paid;
            cash[kPaymentsInShift + i * 4 + kind] += paid;
        }
    }
    const std::int64_t moved = document.payments_minor[0] - document.change_minor;
    cash[kCashInDrawer] += pays_out(receipt_kind) ? -moved : moved;
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
        cut(lines);
        print_document(lines, PaperKind::report);
    }
    end_document();
    return Refusal::ok;
}

OrRefusal<Closed> Machine::register_correction(const CorrectionSums& sums,
                                               std::uint8_t operator_index) {
    if (shift_expired()) {
        return Refusal::shift_expired;
    }
    if ((sums.tax_system & ~tables_.number(kTaxSystemsOfDevice)) != 0) {
        return Refusal::bad_parameters;
    }
    const ReceiptKind kind = kind_of(sums.operation);
    if (pays_out(kind) && sums.payments[0] > memory_.cash[kCashInDrawer]) {
        return Refusal::not_enough_cash;
    }
    if (const Refusal fault = fiscal_storage_fault(); fault != Refusal::ok) {
        return fault;
    }
    if (!memory_.shift_open) {
        std::vector<FiscalTag> tags = memory_.tags;  // they are the correction's, not the shift's
        const auto opened = open_shift(operator_index);
        if (const auto* refusal = std::get_if<Refusal>(&opened)) {
            return *refusal;
        }
        memory_.tags = std::move(tags);
    }
    ++memory_.receipt_number;
    FiscalDocument& document = sign(FiscalDocumentType::correction, operator_index);
    document.operation = sums.operation;
    document.total_minor = sums.total_minor;
    document.payments_minor.assign(sums.payments.begin(), sums.payments.end());
    document.correction_basis = sums.basis;
    document.tax_system = sums.tax_system;
    document.vat_minor.assign(sums.vat.begin(), sums.vat.end());
    book_payments(document, kind);
    document.electronic_only = !print_document(correction_paper(document), PaperKind::document);
    end_document();
    return closed_of(document);
}

}  // namespace tillhost::simulators::shtrih
