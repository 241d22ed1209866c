#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/result.h"

namespace tillhost::base {

/// ISO 4217 code of three capital letters.
class Currency final {
public:
    /// Errors: bad_field(currency) unless three letters A…Z.
    static Result<Currency> from_code(std::string_view code);
    static Currency rub() { return Currency("RUB"); }

    std::string code() const { return std::string(letters_, 3); }
    /// Digits behind the decimal point (RUB 2, JPY 0; 2 for every currency not listed).
    int decimals() const;
    friend bool operator==(const Currency&, const Currency&) = default;

private:
    explicit Currency(const char (&code)[4]) : letters_{code[0], code[1], code[2]} {}
    explicit Currency(std::string_view code) : letters_{code[0], code[1], code[2]} {}
    char letters_[3];
};

/// How a division of money rounds; named at every place that divides.
enum class Rounding : std::uint8_t { half_up, down };

/// An amount in minor units (kopecks, cents) of one currency; |amount| ≤ kMinorMax.
/// There is no conversion from or to floating point.
class Money final {
public:
    /// 10^13 minor units: larger than any 5-byte device field, small enough that sums cannot wrap.
    static constexpr std::int64_t kMinorMax = 10'000'000'000'000;

    /// Errors: bad_field(amount) when out of bounds.
    static Result<Money> minor(std::int64_t amount, Currency currency);
    /// Reads "12", "12.5" or "12.50". Errors: bad_field(amount) with what would be right: no
    /// digits, more decimals than the currency has, out of bounds.
    static Result<Money> from_text(std::string_view text, Currency currency);

    std::int64_t minor() const { return minor_; }
    Currency currency() const { return currency_; }
    /// "1234.50 RUB"
    std::string to_text() const;

    /// Errors: bad_field(currency) when currencies differ, bad_field(amount) out of bounds.
    static Result<Money> sum(const Money& a, const Money& b);

    friend bool operator==(const Money&, const Money&) = default;

private:
    Money(std::int64_t amount, Currency currency) : minor_(amount), currency_(currency) {}
    std::int64_t minor_;
    Currency currency_;
};

/// value × numerator / denominator without overflow of 64 bits; denominator > 0.
/// Halves round away from zero under half_up.
std::int64_t scale_minor(std::int64_t value, std::int64_t numerator, std::int64_t denominator,
                         Rounding rounding);

/// "1234.50" of an amount in minor units with that many decimals.
std::string minor_to_text(std::int64_t minor, int decimals);

}  // namespace tillhost::base
