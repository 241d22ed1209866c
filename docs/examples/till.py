#!/usr/bin/env python3
"""A till in one page: sells one receipt, once, whatever breaks.

usage: till.py DEVICE JOURNAL       with PYTHONPATH naming the folder of the package tillhost
The manual is docs/clients.md; each run of the tests runs this file.
"""
import sys

import tillhost
from tillhost import messages as m

DOUBT_PATIENCE = 10.0  # seconds in which the device is asked before a doubt is reported


def two_teas() -> m.Receipt:
    line = m.ReceiptLine(name="Tea", price_minor=12_000, quantity_units=2, vat=m.Vat.standard)
    return m.Receipt(kind=m.ReceiptKind.sale, lines=[line],
                     payments=[m.Payment(kind=m.PaymentKind.cash, amount_minor=25_000)])


def store(operation: m.Operation) -> None:
    """What a program stores with the sale. Here it is printed."""
    if operation.state == m.OperationState.done:
        paper = ", NOT PRINTED" if operation.result.printed == m.Printed.not_printed else ""
        print(f"{operation.operation_id} document {operation.result.fiscal_document_number}{paper}")
    else:
        print(operation.operation_id, operation.state.name)
    sys.stdout.flush()


def finish(devd: tillhost.Client, operation: m.Operation) -> bool:
    """Stores the outcome, then lets devd and the journal forget. One in doubt stays in both."""
    store(operation)
    if not tillhost.is_final(operation.state):
        return False
    devd.acknowledge(operation.operation_id)
    return operation.state == m.OperationState.done


def main(device: str, journal: str) -> int:
    with tillhost.connect("till example", journal=journal) as devd:
        for kept in devd.unfinished():  # of a run that crashed: the old sale first
            if not finish(devd, devd.resume(kept, doubt_patience=DOUBT_PATIENCE)):
                return 3
        sold = devd.sell(device, two_teas(), tillhost.make_operation_id(),
                         doubt_patience=DOUBT_PATIENCE)
        return 0 if finish(devd, sold) else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        sys.exit(main(sys.argv[1], sys.argv[2]))
    except tillhost.NoDaemon as error:
        print(error, file=sys.stderr)
        sys.exit(4)
    except tillhost.TillhostError as error:
        print(error, "(it may have happened: run again)" if error.may_have_happened else "",
              file=sys.stderr)
        sys.exit(3 if error.may_have_happened else 1)
