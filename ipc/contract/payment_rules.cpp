#include "ipc/contract/payment_rules.h"

namespace tillhost::contract {

Reverse reversal_of(const PaymentResult& payment) {
    Reverse command;
    command.amount_minor = payment.amount_minor;
    command.currency = payment.currency;
    command.receipt_number = payment.receipt_number;
    command.trace_number = payment.trace_number;
    command.reference = payment.reference;
    command.terminal_id = payment.terminal_id;
    return command;
}

}  // namespace tillhost::contract
