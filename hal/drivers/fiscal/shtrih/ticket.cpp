#include "hal/drivers/fiscal/shtrih/ticket.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/codec/code_page.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::bad_field;
using base::Bytes;
using base::Done;
using base::Result;
using codec::CodePage;

/// The 6 bytes of FF46h, less one bit for a sign that nobody promises.
constexpr std::int64_t kQuantityMicroMax = (std::int64_t{1} << 47) - 1;
constexpr std::uint8_t kFullPayment = 4;  // tag 1214
constexpr std::uint8_t kGoods = 1;        // tag 1212

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

/// Names and quantities line by line, so that an error names the caller's own line.
Done check_lines(const contract::Receipt& receipt) {
    TRY(contract::check_plain_sale(receipt));
    for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
        const contract::ReceiptLine& line = receipt.lines[i];
        TRY(goods_name(line, i));
        const base::Quantity quantity{line.quantity_units, static_cast<int>(line.quantity_scale)};
        if (quantity.micro() > kQuantityMicroMax) {
            return bad_field(fmt::format("lines[{}].quantity_units", i),
                             fmt::format("a quantity of at most {}",
                                         base::Quantity{kQuantityMicroMax, 6}.to_text()));
        }
    }
    return {};
}

Result<PositionFields> position_fields(const contract::Position& position) {
    PositionFields fields;
    fields.operation = FiscalOperation::sale;
    fields.quantity_micro = position.quantity.micro();
    fields.price_minor = position.price_minor;
    fields.sum_minor = position.sum_minor;
    fields.vat_code = vat_code(position.vat);
    fields.department = static_cast<std::uint8_t>(position.department);
    fields.payment_method = kFullPayment;
    fields.item_type = kGoods;
    fields.name = TRY(codec::to_code_page(CodePage::cp1251, position.name, "lines"));
    return fields;
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

Result<Ticket> prepare_ticket(const contract::Receipt& receipt, std::size_t columns) {
    if (receipt.kind != contract::ReceiptKind::sale) {
        return bad_field("kind", "sale");
    }
    TRY(check_currency(receipt.currency));
    Ticket ticket;
    ticket.totals = TRY(contract::check_receipt(receipt));
    TRY(check_lines(receipt));
    ticket.cashier = TRY(prepare_cashier(receipt.cashier));
    for (const contract::Position& position : TRY(contract::final_positions(receipt))) {
        ticket.positions.push_back(TRY(position_fields(position)));
    }
    for (std::size_t i = 0; i < receipt.text.size(); ++i) {
        TRY(append_lines(receipt.text[i], fmt::format("text[{}]", i), columns, ticket.lines));
    }
    for (const contract::Payment& payment : receipt.payments) {
        ticket.close.payments_minor[payment_index(payment.kind)] += payment.amount_minor;
    }
    ticket.close.tax_system = tax_system_bit(receipt.tax_system);
    return ticket;
}

}  // namespace tillhost::drivers::shtrih
