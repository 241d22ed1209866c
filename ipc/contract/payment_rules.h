#pragma once

#include "ipc/contract/messages.h"

namespace tillhost::contract {

/// What takes the whole of that payment back: its amount and every number of its result by which a
/// terminal knows it, with the terminal that made it. Handed over to the device of the payment.
/// `operation`: the payment's own; of a sale, that of its step.
Reverse reversal_of(const PaymentResult& payment, const base::OperationId& operation);

}  // namespace tillhost::contract
