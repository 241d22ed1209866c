#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "ipc/contract/messages.h"

// How 1C writes values, and what they are in a receipt. Tables: requirements for drivers, 3.4,
// "Справочные таблицы".
namespace tillhost::check_package {

inline constexpr int kQuantityDecimalsMax = 6;

/// "172.51" in units of 10^-decimals; zeros behind the last decimal may stand there. Nothing: no
/// such number, more decimals, or 10^10 and above.
std::optional<std::int64_t> decimal_units(std::string_view text, int decimals);
/// Nothing: not Base64 with its padding.
std::optional<base::Bytes> bytes_of_base64(std::string_view text);

/// Of 1 to 4.
contract::ReceiptKind receipt_kind(std::int64_t operation_type);
std::optional<contract::TaxSystem> tax_system(std::int64_t code);
std::optional<contract::ItemType> item_type(std::int64_t code);
/// A piece where the unit is the piece (0), else a measure; coming back in a return.
contract::MarkingPlan marking_plan(contract::ReceiptKind kind, std::int64_t measure);

struct VatRate {
    std::string_view name;  ///< as 1C writes it
    contract::Vat vat;
    std::int64_t percent;  ///< included in the amount
};
/// Nothing: no such rate.
const VatRate* vat_rate(std::string_view name);
/// All of them, for people.
std::string vat_rates();

/// price x quantity in kopecks, rounded half up; quantity in millionths.
std::int64_t total_of(std::int64_t price_minor, std::int64_t quantity_micro);
/// The quantity as few decimals as it has.
void take_quantity(std::int64_t quantity_micro, contract::ReceiptLine& line);
std::int64_t micro_of(const contract::ReceiptLine& line);

struct LineSums {
    std::int64_t price_minor = 0;
    std::int64_t discount_minor = 0;
};
/// Price and discount of a position that comes to exactly `amount`: the price as it stands where it
/// fits, else a kopeck more; with a discount the price before it. What does not divide makes the
/// discount a few kopecks larger. Nothing: the amount is not the price's within rounding.
std::optional<LineSums> line_sums(std::int64_t quantity_micro, std::int64_t price_minor,
                                  std::int64_t amount_minor, std::int64_t discount_minor);

}  // namespace tillhost::check_package
