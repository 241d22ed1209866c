#include "ipc/contract/payment_rules.h"

namespace tillhost::contract {

Reverse reversal_of(const PaymentResult& payment, const base::OperationId& operation) {
    Reverse command;
    command.amount_minor = payment.amount_minor;
    command.currency = payment.currency;
    command.receipt_number = payment.receipt_number;
    command.trace_number = payment.trace_number;
    command.reference = payment.reference;
    command.terminal_id = payment.terminal_id;
    if (!operation.is_nil()) {
        command.payment = operation;
    }
    return command;
}

}  // namespace tillhost::contract
