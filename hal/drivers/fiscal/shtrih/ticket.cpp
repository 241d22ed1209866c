#include "hal/drivers/fiscal/shtrih/ticket.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/base/money.h"
#include "hal/codec/code_page.h"
#include "hal/drivers/fiscal/shtrih/tags.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::bad_field;
using base::Bytes;
using base::Done;
using base::Result;
using codec::CodePage;

/// The 6 bytes of FF46h, less one bit for a sign that nobody promises.
constexpr std::int64_t kQuantityMicroMax = (std::int64_t{1} << 47) - 1;

/// VAT byte of FF46h: bits of groups 1 to 6, from 129 on numbers of groups 7 to 10.
/// Source: github.com/shtrih-m/javapos_shtrih, Doc/VatTable.txt
std::uint8_t vat_code(contract::Vat vat) {
    switch (vat) {
        case contract::Vat::standard: return 1;
        case contract::Vat::vat_10: return 2;
        case contract::Vat::vat_0: return 4;
        case contract::Vat::unspecified:
        case contract::Vat::no_vat: return 8;
        case contract::Vat::standard_included: return 16;
        case contract::Vat::vat_10_included: return 32;
        case contract::Vat::vat_5: return 129;
        case contract::Vat::vat_7: return 130;
        case contract::Vat::vat_5_included: return 132;
        case contract::Vat::vat_7_included: return 144;
    }
    return 8;
}

std::uint8_t tax_system_bit(contract::TaxSystem system) {
    switch (system) {
        case contract::TaxSystem::unspecified:
        case contract::TaxSystem::general: return 0x01;
        case contract::TaxSystem::simplified_income: return 0x02;
        case contract::TaxSystem::simplified_income_expense: return 0x04;
        case contract::TaxSystem::agricultural: return 0x10;
        case contract::TaxSystem::patent: return 0x20;
    }
    return 0x01;
}

/// Number of the payment in FF45h, from 0.
std::size_t payment_index(contract::PaymentKind kind) {
    switch (kind) {
        case contract::PaymentKind::unspecified:
        case contract::PaymentKind::cash: return 0;
        case contract::PaymentKind::electronic: return 1;
        case contract::PaymentKind::prepayment: return 13;
        case contract::PaymentKind::credit: return 14;
        case contract::PaymentKind::barter: return 15;
    }
    return 0;
}

Result<Bytes> goods_name(const contract::ReceiptLine& line, std::size_t index) {
    const std::string field = fmt::format("lines[{}].name", index);
    Bytes name = TRY(codec::to_code_page(CodePage::cp1251, line.name, field));
    if (line.name.starts_with("//")) {
        return base::make_error(
            base::ErrorCode::text_not_printable,
            fmt::format("{}: the registrar does not print a name that begins with //", field));
    }
    if (name.size() > kNameBytesMax) {
        return bad_field(field, fmt::format("at most {} characters", kNameBytesMax));
    }
    return name;
}

/// 8Dh counts sales and purchases first, their returns behind them.
DocumentKind document_kind(contract::ReceiptKind kind) {
    switch (kind) {
        case contract::ReceiptKind::unspecified:
        case contract::ReceiptKind::sale: return DocumentKind::sale;
        case contract::ReceiptKind::sale_return: return DocumentKind::sale_return;
        case contract::ReceiptKind::purchase: return DocumentKind::purchase;
        case contract::ReceiptKind::purchase_return: return DocumentKind::purchase_return;
    }
    return DocumentKind::sale;
}

base::Error not_in_format(const std::string& field) {
    return base::make_error(
        base::ErrorCode::not_supported,
        fmt::format("{}: needs a registrar registered for data format 1.2", field));
}

/// What one line asks of the data format and of the frame.
Done check_line(const contract::ReceiptLine& line, std::size_t index, const Abilities& abilities) {
    constexpr auto kFirstMarked = static_cast<int>(contract::ItemType::excise_unmarked_goods);
    const std::string field = fmt::format("lines[{}]", index);
    TRY(goods_name(line, index));
    const base::Quantity quantity{line.quantity_units, static_cast<int>(line.quantity_scale)};
    if (quantity.micro() > kQuantityMicroMax) {
        return bad_field(field + ".quantity_units",
                         fmt::format("a quantity of at most {}",
                                     base::Quantity{kQuantityMicroMax, 6}.to_text()));
    }
    if (abilities.has_format_1_2()) {
        return {};
    }
    if (line.marking) {
        return not_in_format(field + ".marking");
    }
    if (static_cast<int>(line.item_type) >= kFirstMarked) {
        return not_in_format(field + ".item_type");
    }
    return {};
}

Result<std::vector<TagFields>> tags_of_line(const contract::ReceiptLine& line, std::size_t index,
                                            const Abilities& abilities) {
    const std::string field = fmt::format("lines[{}]", index);
    std::vector<TagFields> tags;
    if (line.measure != 0 || line.marking) {
        tags.push_back(TRY(measure_tag(line.measure, abilities, field + ".measure")));
    }
    for (TagFields& tag : TRY(line_tags(line.tags, field + ".tags"))) {
        tags.push_back(std::move(tag));
    }
    return tags;
}

Result<TicketPosition> ticket_position(const contract::Position& position,
                                       const contract::Receipt& receipt,
                                       const Abilities& abilities) {
    const contract::ReceiptLine& line = receipt.lines[position.line];
    TicketPosition made;
    made.fields.operation = static_cast<FiscalOperation>(receipt.kind);
    made.fields.quantity_micro = position.quantity.micro();
    made.fields.price_minor = position.price_minor;
    made.fields.sum_minor = position.sum_minor;
    made.fields.vat_code = vat_code(position.vat);
    made.fields.department = static_cast<std::uint8_t>(position.department);
    made.fields.payment_method = static_cast<std::uint8_t>(line.payment_method);
    made.fields.item_type = static_cast<std::uint8_t>(line.item_type);
    made.fields.name = TRY(codec::to_code_page(CodePage::cp1251, position.name, "lines"));
    made.tags = TRY(tags_of_line(line, position.line, abilities));
    made.marking = line.marking;
    made.measure = line.measure;
    made.line = position.line;
    return made;
}

/// Tag 1228 has a fixed length of 12.
Bytes padded_tax_id(const std::string& id) {
    constexpr std::size_t kTaxIdBytes = 12;
    Bytes value = base::bytes_of(id);
    value.resize(kTaxIdBytes, base::byte(' '));
    return value;
}

Result<std::vector<TagFields>> tags_of_receipt(const contract::Receipt& receipt) {
    std::vector<TagFields> tags;
    if (!receipt.customer_contact.empty()) {
        tags.push_back(
            TRY(text_tag(kTagCustomerContact, receipt.customer_contact, "customer_contact")));
    }
    if (!receipt.customer_name.empty()) {
        tags.push_back(TRY(text_tag(kTagCustomerName, receipt.customer_name, "customer_name")));
    }
    if (!receipt.customer_tax_id.empty()) {
        tags.push_back({kTagCustomerTaxId, padded_tax_id(receipt.customer_tax_id)});
    }
    for (TagFields& tag : TRY(document_tags(receipt.tags, "tags"))) {
        tags.push_back(std::move(tag));
    }
    return tags;
}

/// Group of FF4Ah, from 0; nothing for rates that it has no sum for.
std::optional<std::size_t> vat_group(contract::Vat vat) {
    switch (vat) {
        case contract::Vat::standard: return 0;
        case contract::Vat::vat_10: return 1;
        case contract::Vat::vat_0: return 2;
        case contract::Vat::unspecified:
        case contract::Vat::no_vat: return 3;
        case contract::Vat::standard_included: return 4;
        case contract::Vat::vat_10_included: return 5;
        case contract::Vat::vat_5:
        case contract::Vat::vat_7:
        case contract::Vat::vat_5_included:
        case contract::Vat::vat_7_included: break;
    }
    return std::nullopt;
}

/// FF4Ah has sums only: change is taken off the cash, and what belongs to a line has no place.
Result<CorrectionFields> correction_sums(const contract::Correction& correction,
                                         const Ticket& ticket) {
    const contract::Receipt& receipt = correction.receipt;
    CorrectionFields sums;
    sums.by_order = correction.basis == contract::CorrectionBasis::by_order;
    sums.operation = static_cast<FiscalOperation>(receipt.kind);
    sums.total_minor = ticket.totals.total_minor;
    for (const contract::Payment& payment : receipt.payments) {
        const auto index = static_cast<std::size_t>(payment.kind) - 1;  // both count alike
        const bool cash = payment.kind == contract::PaymentKind::cash;
        sums.payments_minor[index] = payment.amount_minor - (cash ? ticket.totals.change_minor : 0);
    }
    for (const contract::Position& position : TRY(contract::final_positions(receipt))) {
        const std::string field = fmt::format("receipt.lines[{}]", position.line);
        const auto group = vat_group(position.vat);
        if (!group) {
            return not_in_format(field + ".vat");
        }
        if (!receipt.lines[position.line].tags.empty()) {
            return not_in_format(field + ".tags");
        }
        sums.vat_minor[*group] += position.sum_minor;
    }
    sums.tax_system = tax_system_bit(receipt.tax_system);
    return sums;
}

}  // namespace

Done check_currency(std::string_view currency) {
    if (currency != "RUB") {
        return bad_field("currency", "RUB, the only one of this registrar");
    }
    return {};
}

Result<std::optional<CashierTags>> prepare_cashier(
    const std::optional<contract::Cashier>& cashier) {
    constexpr std::size_t kTaxIdDigits = 12;
    if (!cashier) {
        return std::optional<CashierTags>();
    }
    CashierTags tags;
    tags.name = TRY(codec::to_code_page(CodePage::cp866, cashier->name, "cashier.name"));
    const std::string& id = cashier->tax_id;
    const bool digits =
        std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || (!id.empty() && id.size() != kTaxIdDigits)) {
        return bad_field("cashier.tax_id", "12 digits, or empty");
    }
    tags.tax_id = base::bytes_of(id);
    return std::optional<CashierTags>(std::move(tags));
}

Done append_lines(std::string_view text, std::string_view field, std::size_t columns,
                  std::vector<Bytes>& lines) {
    const Bytes bytes = TRY(codec::to_code_page(CodePage::cp1251, text, field));
    base::ByteView rest = bytes;
    do {
        const std::size_t count = std::min(columns, rest.size());
        lines.emplace_back(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(count));
        rest = rest.subspan(count);
    } while (!rest.empty());
    return {};
}

namespace {

/// Group of the standard rate, added or included; 0: it is none of them.
std::uint16_t standard_group(contract::Vat vat) {
    return vat == contract::Vat::standard ? 1 : vat == contract::Vat::standard_included ? 5 : 0;
}

}  // namespace

Result<Ticket> prepare_ticket(const contract::Receipt& receipt, const Abilities& abilities) {
    TRY(check_currency(receipt.currency));
    Ticket ticket;
    ticket.totals = TRY(contract::check_receipt(receipt));
    for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
        const contract::ReceiptLine& line = receipt.lines[i];
        TRY(check_line(line, i, abilities));
        const std::uint16_t group = standard_group(line.vat);
        if (group != 0 && line.vat_percent != 0) {
            ticket.named_rates.push_back({i, group, line.vat_percent});
        }
    }
    ticket.kind = document_kind(receipt.kind);
    ticket.cashier = TRY(prepare_cashier(receipt.cashier));
    ticket.tags = TRY(tags_of_receipt(receipt));
    for (const contract::Position& position : TRY(contract::final_positions(receipt))) {
        ticket.positions.push_back(TRY(ticket_position(position, receipt, abilities)));
    }
    for (std::size_t i = 0; i < receipt.text.size(); ++i) {
        TRY(append_lines(receipt.text[i], fmt::format("text[{}]", i), abilities.columns,
                         ticket.lines));
    }
    for (const contract::Payment& payment : receipt.payments) {
        ticket.close.payments_minor[payment_index(payment.kind)] += payment.amount_minor;
    }
    ticket.close.tax_system = tax_system_bit(receipt.tax_system);
    ticket.electronic_only = receipt.electronic_only;
    ticket.marking_policy = receipt.marking_policy;
    return ticket;
}

Result<Ticket> prepare_correction(const contract::Correction& correction,
                                  const Abilities& abilities) {
    TRY(contract::check_correction(correction));
    auto prepared = prepare_ticket(correction.receipt, abilities);
    if (!prepared) {
        return base::with_context(prepared.error(), "receipt");
    }
    Ticket ticket = std::move(*prepared);
    ticket.correction = true;
    std::vector<TagFields> basis = TRY(basis_tags(correction));
    if (!abilities.has_format_1_2()) {
        ticket.sums = TRY(correction_sums(correction, ticket));
        ticket.closing_tags = std::move(basis);
        return ticket;
    }
    const bool by_order = correction.basis == contract::CorrectionBasis::by_order;
    ticket.closing_tags.push_back({kTagCorrectionBasis, Bytes{base::byte(by_order ? 1 : 0)}});
    TagFields composed{kTagBasis, {}};
    for (const TagFields& tag : basis) {
        const Bytes bytes = tag_bytes(tag.number, tag.value);
        composed.value.insert(composed.value.end(), bytes.begin(), bytes.end());
    }
    ticket.closing_tags.push_back(std::move(composed));
    return ticket;
}

void set_taxes(CorrectionFields& sums, std::uint16_t main_rate, std::uint16_t lower_rate) {
    constexpr std::int64_t kWhole = 10'000;  // 100 % in 0.01 %
    const auto tax = [](std::int64_t turnover, std::int64_t rate) {
        return base::scale_minor(turnover, rate, kWhole + rate, base::Rounding::half_up);
    };
    for (const std::size_t group : {0U, 4U}) {
        sums.vat_minor[group] = tax(sums.vat_minor[group], main_rate);
        sums.vat_minor[group + 1] = tax(sums.vat_minor[group + 1], lower_rate);
    }
}

}  // namespace tillhost::drivers::shtrih
