#include "ipc/contract/receipt_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "hal/base/money.h"

namespace tillhost::contract {
namespace {

using base::bad_field;
using base::ErrorCode;
using base::make_error;
using base::Quantity;
using base::Result;
using base::Rounding;

constexpr std::int64_t kTotalMinorMax = 99'999'999'999;  // fits the 5 bytes of the narrowest device
constexpr std::int64_t kMicro = 1'000'000;

std::int64_t product(std::int64_t price_minor, std::int64_t micro) {
    return base::scale_minor(price_minor, micro, kMicro, Rounding::half_up);
}

/// Totals of the lines after their own discounts.
Result<std::vector<std::int64_t>> line_totals(const Receipt& receipt) {
    std::vector<std::int64_t> totals;
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
        const ReceiptLine& line = receipt.lines[i];
        const auto quantity =
            Quantity::make(line.quantity_units, static_cast<int>(line.quantity_scale));
        if (!quantity) {
            return in_field(quantity.error(), fmt::format("lines[{}]", i));
        }
        const std::int64_t full = product(line.price_minor, quantity->micro());
        if (full > kTotalMinorMax || full < 0) {
            return bad_field(fmt::format("lines[{}]", i),
                             fmt::format("a line total of at most {}", kTotalMinorMax));
        }
        if (line.discount_minor > full) {
            return bad_field(fmt::format("lines[{}].discount_minor", i),
                             fmt::format("at most the line's total of {}", full));
        }
        totals.push_back(full - line.discount_minor);
        sum += totals.back();
        if (sum > kTotalMinorMax) {
            return bad_field("lines", fmt::format("a total of at most {}", kTotalMinorMax));
        }
    }
    if (receipt.discount_minor >= sum) {
        return bad_field(receipt.discount_minor == 0 ? "lines" : "discount_minor",
                         "a total above zero after the discounts");
    }
    return totals;
}

/// Takes the receipt's discount off the lines, by their totals; the rest goes to the largest ones.
void spread_discount(std::int64_t discount, std::vector<std::int64_t>& totals) {
    const std::int64_t sum = std::accumulate(totals.begin(), totals.end(), std::int64_t{0});
    std::int64_t left = discount;
    for (std::int64_t& total : totals) {
        const std::int64_t share = base::scale_minor(total, discount, sum, Rounding::down);
        total -= share;
        left -= share;
    }
    while (left > 0) {
        auto largest = std::max_element(totals.begin(), totals.end());
        const std::int64_t step = std::min(left, std::max<std::int64_t>(*largest / 2, 1));
        *largest -= step;
        left -= step;
    }
}

Position position(const ReceiptLine& line, std::int64_t price, std::int64_t micro) {
    const bool whole = micro % kMicro == 0;
    const Quantity quantity = whole ? Quantity{micro / kMicro, 0} : Quantity{micro, 6};
    return {.name = line.name,
            .price_minor = price,
            .quantity = quantity,
            .sum_minor = product(price, micro),
            .vat = line.vat,
            .department = line.department};
}

/// Positions of one line whose sums are `total` exactly.
void append_positions(const ReceiptLine& line, std::int64_t total, std::vector<Position>& out) {
    const std::int64_t micro =
        Quantity{line.quantity_units, static_cast<int>(line.quantity_scale)}.micro();
    if (product(line.price_minor, micro) == total) {
        out.push_back(position(line, line.price_minor, micro));
        return;
    }
    const std::int64_t fraction = micro % kMicro;
    const std::int64_t pieces = micro / kMicro;
    if (pieces == 0) {
        // Below one piece every total has a price: a kopeck more of price is at most a kopeck of
        // sum.
        std::int64_t price = base::scale_minor(total, kMicro, micro, Rounding::half_up);
        out.push_back(position(line, price, micro));
        return;
    }
    const std::int64_t low = base::scale_minor(total, kMicro, micro, Rounding::down);
    std::int64_t left = total;
    if (fraction != 0) {
        out.push_back(position(line, low, fraction));
        left -= out.back().sum_minor;
    }
    const std::int64_t price = left / pieces;
    const std::int64_t dearer = left % pieces;
    if (dearer != 0) {
        out.push_back(position(line, price + 1, dearer * kMicro));
    }
    if (pieces != dearer) {
        out.push_back(position(line, price, (pieces - dearer) * kMicro));
    }
}

base::Done check_payments(const Receipt& receipt, ReceiptTotals& totals) {
    std::array<bool, 6> seen{};
    std::int64_t cash = 0;
    for (std::size_t i = 0; i < receipt.payments.size(); ++i) {
        const Payment& payment = receipt.payments[i];
        bool& once = seen[static_cast<std::size_t>(payment.kind)];
        if (once) {
            return bad_field(fmt::format("payments[{}].kind", i), "each kind of payment once");
        }
        once = true;
        totals.paid_minor += payment.amount_minor;
        cash += payment.kind == PaymentKind::cash ? payment.amount_minor : 0;
    }
    if (totals.paid_minor < totals.total_minor) {
        return make_error(ErrorCode::payment_below_total,
                          fmt::format("payments: {} is below the total of {}", totals.paid_minor,
                                      totals.total_minor));
    }
    if (totals.paid_minor - cash > totals.total_minor) {
        return make_error(ErrorCode::noncash_above_total,
                          fmt::format("payments: {} without cash is above the total of {}",
                                      totals.paid_minor - cash, totals.total_minor));
    }
    totals.change_minor = totals.paid_minor - totals.total_minor;
    return {};
}

bool all_digits(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

base::Done check_tax_id(const std::string& field, const std::string& text) {
    const bool good =
        text.empty() || (all_digits(text) && (text.size() == 10 || text.size() == 12));
    return good ? base::Done() : base::Done(bad_field(field, "10 or 12 digits, or nothing"));
}

/// Exactly the value of its kind.
base::Done check_tags(const std::string& field, const std::vector<Tag>& tags) {
    for (std::size_t i = 0; i < tags.size(); ++i) {
        const Tag& tag = tags[i];
        const bool text = tag.kind == TagKind::text;
        const bool bytes = tag.kind == TagKind::bytes;
        if (text == tag.text.empty() || bytes == tag.bytes.empty() ||
            (tag.kind != TagKind::integer && tag.integer != 0)) {
            return bad_field(fmt::format("{}[{}]", field, i),
                             fmt::format("a value as {}, and no other", name_of(tag.kind)));
        }
    }
    return {};
}

/// Whether a kind of VAT can have this rate; what "standard" is, only the registrar's table knows.
bool may_be(Vat vat, std::int64_t percent) {
    switch (vat) {
        case Vat::standard:
        case Vat::standard_included: return true;
        case Vat::vat_10:
        case Vat::vat_10_included: return percent == 10;
        case Vat::vat_5:
        case Vat::vat_5_included: return percent == 5;
        case Vat::vat_7:
        case Vat::vat_7_included: return percent == 7;
        case Vat::vat_0:
        case Vat::no_vat:
        case Vat::unspecified: break;
    }
    return false;
}

base::Done check_line(const std::string& field, const ReceiptLine& line, bool discounted) {
    TRY(check_tags(field + ".tags", line.tags));
    if (line.vat_percent != 0 && !may_be(line.vat, line.vat_percent)) {
        return bad_field(field + ".vat_percent",
                         fmt::format("the rate of {}, or 0", name_of(line.vat)));
    }
    const bool one = line.quantity_scale == 0 && line.quantity_units == 1;
    if (line.marking && line.measure == 0 && !one) {
        return bad_field(field + ".quantity_units", "1, since a marking code names one piece");
    }
    if (line.marking && discounted && !one) {
        return bad_field(
            field + ".discount_minor",
            "no discount, of the receipt neither: a marked quantity stays one position");
    }
    return {};
}

base::Done check_people(const Receipt& receipt) {
    TRY(check_tax_id("customer_tax_id", receipt.customer_tax_id));
    if (receipt.cashier) {
        TRY(check_tax_id("cashier.tax_id", receipt.cashier->tax_id));
    }
    if (receipt.electronic_only && receipt.customer_contact.empty()) {
        return bad_field("customer_contact",
                         "a phone or an e-mail, since nothing is printed (electronic_only)");
    }
    return {};
}

/// A day of the Gregorian calendar, YYYY-MM-DD.
bool is_day(const std::string& text) {
    constexpr std::array<int, 12> kDays{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (text.size() != 10 || text[4] != '-' || text[7] != '-' ||
        !all_digits(text.substr(0, 4) + text.substr(5, 2) + text.substr(8))) {
        return false;
    }
    const int year = std::stoi(text.substr(0, 4));
    const int month = std::stoi(text.substr(5, 2));
    const int day = std::stoi(text.substr(8));
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month >= 1 && month <= 12 && day >= 1 &&
           day <= kDays[static_cast<std::size_t>(month - 1)] && (month != 2 || day < 29 || leap);
}

}  // namespace

base::Error in_field(base::Error error, std::string_view outer) {
    error.detail = fmt::format("{}.{}", outer, error.detail);
    return error;
}

Result<ReceiptTotals> check_correction(const Correction& correction) {
    if (!is_day(correction.basis_date)) {
        return bad_field("basis_date", "a day as YYYY-MM-DD");
    }
    if (correction.basis == CorrectionBasis::by_order && correction.basis_number.empty()) {
        return bad_field("basis_number", "the number of the order");
    }
    for (std::size_t i = 0; i < correction.receipt.lines.size(); ++i) {
        if (correction.receipt.lines[i].marking) {
            return bad_field(fmt::format("receipt.lines[{}].marking", i),
                             "nothing: corrections take no marking codes");
        }
    }
    if (!correction.receipt.text.empty()) {
        return bad_field("receipt.text", "nothing: a correction has no free lines");
    }
    const auto totals = check_receipt(correction.receipt);
    return totals ? totals : Result<ReceiptTotals>(in_field(totals.error(), "receipt"));
}

Result<ReceiptTotals> check_receipt(const Receipt& receipt) {
    TRY(base::Currency::from_code(receipt.currency));
    TRY(check_people(receipt));
    TRY(check_tags("tags", receipt.tags));
    for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
        const ReceiptLine& line = receipt.lines[i];
        const bool discounted = line.discount_minor != 0 || receipt.discount_minor != 0;
        TRY(check_line(fmt::format("lines[{}]", i), line, discounted));
    }
    const std::vector<std::int64_t> lines = TRY(line_totals(receipt));
    ReceiptTotals totals;
    totals.total_minor =
        std::accumulate(lines.begin(), lines.end(), std::int64_t{0}) - receipt.discount_minor;
    TRY(check_payments(receipt, totals));
    return totals;
}

base::Done check_plain_sale(const Receipt& receipt) {
    const auto only = [](std::string_view field, std::string_view what) {
        return make_error(ErrorCode::not_supported,
                          fmt::format("{}: this registrar knows only {}", field, what));
    };
    if (receipt.kind != ReceiptKind::sale) {
        return only("kind", "sale");
    }
    if (receipt.electronic_only) {
        return only("electronic_only", "receipts on paper");
    }
    if (!receipt.customer_contact.empty() || !receipt.customer_name.empty() ||
        !receipt.customer_tax_id.empty() || !receipt.tags.empty()) {
        return only("customer_contact, customer_name, customer_tax_id, tags", "receipts without");
    }
    for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
        const ReceiptLine& line = receipt.lines[i];
        if (line.item_type != ItemType::goods ||
            line.payment_method != PaymentMethod::full_payment || line.measure != 0 ||
            line.marking || !line.tags.empty()) {
            return only(fmt::format("lines[{}]", i), "goods in pieces, paid in full, not marked");
        }
        if (line.vat_percent != 0 &&
            (line.vat == Vat::standard || line.vat == Vat::standard_included)) {
            return only(fmt::format("lines[{}].vat_percent", i),
                        "its own standard rate and does not tell it");
        }
    }
    return {};
}

Result<std::vector<Position>> final_positions(const Receipt& receipt) {
    TRY(check_receipt(receipt));
    std::vector<std::int64_t> totals = TRY(line_totals(receipt));
    spread_discount(receipt.discount_minor, totals);
    std::vector<Position> positions;
    for (std::size_t i = 0; i < totals.size(); ++i) {
        const std::size_t before = positions.size();
        append_positions(receipt.lines[i], totals[i], positions);
        for (std::size_t made = before; made < positions.size(); ++made) {
            positions[made].line = i;
        }
    }
    return positions;
}

}  // namespace tillhost::contract
