#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/quantity.h"
#include "hal/base/result.h"
#include "ipc/contract/messages.h"

namespace tillhost::contract {

/// What a receipt comes to, in minor units.
struct ReceiptTotals {
    std::int64_t total_minor = 0;
    std::int64_t paid_minor = 0;
    std::int64_t change_minor = 0;
};

/// The same error with the path of its field made longer: "discount_minor: …" in `outer` is
/// "outer.discount_minor: …". For errors whose detail begins with a field.
base::Error in_field(base::Error error, std::string_view outer);

/// Checks everything about a receipt that the schema cannot say, before a device is touched.
/// Errors, each naming the field: bad_field (currency, a discount above its line, a kind of payment
/// twice, a total that is zero or too large, a tax id that is none, a tag without its value, a
/// marked line of more than one piece, electronic_only without a contact), payment_below_total,
/// noncash_above_total.
base::Result<ReceiptTotals> check_receipt(const Receipt& receipt);

/// The same for a correction. Errors beside those of check_receipt: bad_field (basis_date,
/// basis_number, a marked line, free text).
base::Result<ReceiptTotals> check_correction(const Correction& correction);

/// For drivers that only know a sale of goods paid in full: nothing they would leave out is asked.
/// Errors: not_supported, naming the field.
base::Done check_plain_sale(const Receipt& receipt);

/// A position as registrars without discounts of their own take it: the sum is exactly
/// price × quantity, rounded half up.
struct Position {
    std::string name;
    std::int64_t price_minor = 0;
    base::Quantity quantity;
    std::int64_t sum_minor = 0;
    Vat vat = Vat::unspecified;
    std::int64_t department = 1;
    std::size_t line = 0;  ///< the receipt's line that it is a part of
};

/// The lines with all discounts worked into the prices; their sums add up to the receipt's total.
/// A line whose discounted total no single price can express becomes up to three positions of the
/// same name (54-FZ wants final prices; a kopeck may not be lost). The receipt's own discount is
/// spread over the lines by their totals, the remainder going to the largest.
/// Errors: as check_receipt.
base::Result<std::vector<Position>> final_positions(const Receipt& receipt);

}  // namespace tillhost::contract
