"""What a program makes of a terminal's results."""
from __future__ import annotations

from tillhost import messages


def reversal_of(payment: messages.PaymentResult, operation_id: str) -> messages.Reverse:
    """What takes the whole of that payment back, for carry_out() on the device of the payment.
    operation_id: the payment's own; of a sale, that of its step."""
    return messages.Reverse(
        amount_minor=payment.amount_minor, currency=payment.currency,
        receipt_number=payment.receipt_number, trace_number=payment.trace_number,
        reference=payment.reference, terminal_id=payment.terminal_id, payment=operation_id)
