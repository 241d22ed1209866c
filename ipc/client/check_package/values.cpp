#include "ipc/client/check_package/values.h"

#include <algorithm>
#include <iterator>

#include "hal/base/money.h"

namespace tillhost::check_package {
namespace {

using contract::ItemType;
using contract::ReceiptKind;
using contract::TaxSystem;
using contract::Vat;

constexpr std::int64_t kMicro = 1'000'000;
constexpr std::size_t kWholeDigitsMax = 10;

/// "standard" is the registrar's own: 20 %, since 2026 22 %.
constexpr VatRate kVatRates[] = {
    {"none", Vat::no_vat, 0},
    {"20", Vat::standard, 20},
    {"22", Vat::standard, 22},
    {"10", Vat::vat_10, 10},
    {"7", Vat::vat_7, 7},
    {"5", Vat::vat_5, 5},
    {"0", Vat::vat_0, 0},
    {"20/120", Vat::standard_included, 20},
    {"22/122", Vat::standard_included, 22},
    {"10/110", Vat::vat_10_included, 10},
    {"7/107", Vat::vat_7_included, 7},
    {"5/105", Vat::vat_5_included, 5},
};

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<unsigned> sextet_of(char c) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t found = kAlphabet.find(c);
    return found == std::string_view::npos ? std::nullopt
                                           : std::optional(static_cast<unsigned>(found));
}

}  // namespace

std::optional<std::int64_t> decimal_units(std::string_view text, int decimals) {
    const bool negative = text.starts_with('-');
    text.remove_prefix(negative ? 1 : 0);
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::string_view whole = text.substr(0, point);
    std::string part(text.substr(std::min(point + 1, text.size())));
    while (part.ends_with('0')) {
        part.pop_back();
    }
    const bool has_part = point + 1 != text.size() || point == text.size();  // "12." is none
    if (whole.empty() || whole.size() > kWholeDigitsMax || !has_part || !all_digits(whole) ||
        !all_digits(part) || part.size() > static_cast<std::size_t>(decimals)) {
        return std::nullopt;
    }
    part.resize(static_cast<std::size_t>(decimals), '0');
    std::int64_t units = 0;
    for (const char c : std::string(whole) + part) {
        units = units * 10 + (c - '0');
    }
    return negative ? -units : units;
}

std::optional<base::Bytes> bytes_of_base64(std::string_view text) {
    constexpr std::size_t kGroup = 4;
    if (text.size() % kGroup != 0) {
        return std::nullopt;
    }
    base::Bytes bytes;
    for (std::size_t at = 0; at < text.size(); at += kGroup) {
        const bool last = at + kGroup == text.size();
        std::string_view group = text.substr(at, kGroup);
        while (last && group.size() > 2 && group.ends_with('=')) {
            group.remove_suffix(1);
        }
        unsigned bits = 0;
        for (const char c : group) {
            const auto sextet = sextet_of(c);
            if (!sextet) {
                return std::nullopt;
            }
            bits = bits << 6U | *sextet;
        }
        bits <<= 6U * static_cast<unsigned>(kGroup - group.size());
        for (std::size_t i = 0; i + 1 < group.size(); ++i) {
            bytes.push_back(static_cast<std::byte>(bits >> (16U - 8U * i) & 0xFFU));
        }
    }
    return bytes;
}

ReceiptKind receipt_kind(std::int64_t operation_type) {
    return static_cast<ReceiptKind>(operation_type);  // both as tag 1054
}

std::optional<TaxSystem> tax_system(std::int64_t code) {
    switch (code) {
        case 0: return TaxSystem::general;
        case 1: return TaxSystem::simplified_income;
        case 2: return TaxSystem::simplified_income_expense;
        case 4: return TaxSystem::agricultural;
        case 5: return TaxSystem::patent;
        default: return std::nullopt;
    }
}

std::optional<ItemType> item_type(std::int64_t code) {
    constexpr std::int64_t kPlainMax = 15;
    constexpr std::int64_t kMarkedMin = 30;
    constexpr std::int64_t kMarkedMax = 33;
    const bool known =
        (code >= 1 && code <= kPlainMax) || (code >= kMarkedMin && code <= kMarkedMax);
    return known ? std::optional(static_cast<ItemType>(code)) : std::nullopt;
}

contract::MarkingPlan marking_plan(ReceiptKind kind, std::int64_t measure) {
    using contract::MarkingPlan;
    const bool returned = kind == ReceiptKind::sale_return || kind == ReceiptKind::purchase_return;
    if (measure == 0) {
        return returned ? MarkingPlan::piece_returned : MarkingPlan::piece_sold;
    }
    return returned ? MarkingPlan::measured_returned : MarkingPlan::measured_sold;
}

const VatRate* vat_rate(std::string_view name) {
    const auto* const found = std::find_if(std::begin(kVatRates), std::end(kVatRates),
                                           [&](const VatRate& one) { return one.name == name; });
    return found == std::end(kVatRates) ? nullptr : found;
}

std::string vat_rates() {
    std::string all;
    for (const VatRate& rate : kVatRates) {
        all += (all.empty() ? "" : ", ") + std::string(rate.name);
    }
    return all;
}

std::int64_t total_of(std::int64_t price_minor, std::int64_t quantity_micro) {
    return base::scale_minor(price_minor, quantity_micro, kMicro, base::Rounding::half_up);
}

void take_quantity(std::int64_t quantity_micro, contract::ReceiptLine& line) {
    line.quantity_units = quantity_micro;
    line.quantity_scale = kQuantityDecimalsMax;
    while (line.quantity_scale > 0 && line.quantity_units % 10 == 0) {
        line.quantity_units /= 10;
        --line.quantity_scale;
    }
}

std::int64_t micro_of(const contract::ReceiptLine& line) {
    std::int64_t micro = line.quantity_units;
    for (std::int64_t scale = line.quantity_scale; scale < kQuantityDecimalsMax; ++scale) {
        micro *= 10;
    }
    return micro;
}

std::optional<LineSums> line_sums(std::int64_t quantity_micro, std::int64_t price_minor,
                                  std::int64_t amount_minor, std::int64_t discount_minor) {
    // Half a kopeck of each unit's price, and half of the sum.
    const std::int64_t slack = quantity_micro / kMicro / 2 + 1;
    const std::int64_t of_price = total_of(price_minor, quantity_micro);
    if (of_price - amount_minor > slack || amount_minor - of_price > slack) {
        return std::nullopt;
    }
    const std::int64_t target = amount_minor + discount_minor;
    std::int64_t price = discount_minor == 0 ? price_minor
                                             : base::scale_minor(target, kMicro, quantity_micro,
                                                                 base::Rounding::half_up);
    if (total_of(price, quantity_micro) < target) {
        ++price;
    }
    const std::int64_t total = total_of(price, quantity_micro);
    return total < target ? std::nullopt
                          : std::optional<LineSums>(LineSums{price, total - amount_minor});
}

}  // namespace tillhost::check_package
