#include "hal/base/money.h"

#include <fmt/format.h>

#include "hal/base/text.h"

namespace tillhost::base {
namespace {

__extension__ using Wide = __int128;

std::int64_t power_of_ten(int exponent) {
    std::int64_t value = 1;
    for (int i = 0; i < exponent; ++i) {
        value *= 10;
    }
    return value;
}

}  // namespace

Result<Currency> Currency::from_code(std::string_view code) {
    bool good = code.size() == 3;
    for (char c : code) {
        good = good && c >= 'A' && c <= 'Z';
    }
    if (!good) {
        return bad_field("currency", "three capital letters of ISO 4217, such as RUB");
    }
    return Currency(code);
}

int Currency::decimals() const {
    const std::string name = code();
    return name == "JPY" || name == "KRW" || name == "ISK" || name == "VND" ? 0 : 2;
}

Result<Money> Money::minor(std::int64_t amount, Currency currency) {
    if (amount > kMinorMax || amount < -kMinorMax) {
        return bad_field("amount", fmt::format("at most {} minor units", kMinorMax));
    }
    return Money(amount, currency);
}

Result<Money> Money::from_text(std::string_view text, Currency currency) {
    const auto decimal = parse_decimal(text);
    if (!decimal) {
        return bad_field("amount", "digits with an optional decimal point, such as 12.50");
    }
    const int decimals = currency.decimals();
    if (decimal->scale > decimals) {
        return bad_field("amount", fmt::format("at most {} decimals for {}, not {}", decimals,
                                               currency.code(), decimal->scale));
    }
    const std::int64_t factor = power_of_ten(decimals - decimal->scale);
    if (decimal->units > kMinorMax / factor || decimal->units < -kMinorMax / factor) {
        return bad_field("amount", fmt::format("at most {} minor units", kMinorMax));
    }
    return Money(decimal->units * factor, currency);
}

Result<Money> Money::sum(const Money& a, const Money& b) {
    if (a.currency_ != b.currency_) {
        return bad_field("currency", "one currency for all amounts of a document");
    }
    return minor(a.minor_ + b.minor_, a.currency_);
}

std::string Money::to_text() const {
    return fmt::format("{} {}", minor_to_text(minor_, currency_.decimals()), currency_.code());
}

std::int64_t scale_minor(std::int64_t value, std::int64_t numerator, std::int64_t denominator,
                         Rounding rounding) {
    INVARIANT(denominator > 0);
    const Wide product = static_cast<Wide>(value) * numerator;
    const Wide half = rounding == Rounding::half_up ? denominator / 2 : 0;
    // An odd denominator has no exact half, so adding its floor rounds correctly as well.
    const Wide rounded =
        product >= 0 ? (product + half) / denominator : -((-product + half) / denominator);
    return static_cast<std::int64_t>(rounded);
}

std::string minor_to_text(std::int64_t minor, int decimals) {
    return decimal_to_text(minor, decimals);
}

}  // namespace tillhost::base
