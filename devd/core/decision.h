#pragma once

#include <string_view>

#include "devd/core/core.h"
#include "devd/core/operation_book.h"

namespace tillhost::devd::core {

/// Setting of a device whose results people enter: above this amount they enter it twice.
inline constexpr std::string_view kConfirmAboveSetting = "confirm_above_minor";
/// Where the device does not say; also the default of that setting in its driver's manifest.
inline constexpr std::int64_t kConfirmAboveDefaultMinor = 100'000;

/// The result that a person's word "executed" gives an operation in doubt, from what stands on the
/// device's paper. `device` is null where it is no longer configured.
/// Errors: wrong_verdict (fiscal_document_number), bad_field (payment, payment.amount_minor,
/// payment.amount_again_minor).
base::Result<contract::OperationResult> result_by_hand(const OperationRow& row,
                                                       const contract::DecideRequest& request,
                                                       const DeviceConfig* device);

/// Whether one slip of the terminal tells both: two payments, two reversals or two refunds of the
/// same terminal, amount and numbers, as far as both have them. One without a number has no slip.
bool is_same_slip(const contract::PaymentResult& one, const contract::PaymentResult& other);

/// Errors: possible_duplicate, if the device's owner, another host, may still carry it out.
base::Done check_ownership(const OperationRow& row);

/// The same for a payment of which nothing but this is known. Errors: bad_field (payment.currency).
base::Result<contract::OperationResult> payment_by_hand(const contract::PaymentEntry& entry);

/// wrong_state, naming the state that it is in; `wanted` is for people.
base::Error wrong_state(const OperationRow& row, std::string_view wanted);

}  // namespace tillhost::devd::core
