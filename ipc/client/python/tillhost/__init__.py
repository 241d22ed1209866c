"""tillhost: the Python end of devd, the device host of a shop.

    import tillhost
    with tillhost.connect("till 3", journal="/var/lib/till/operations") as devd:
        sold = devd.sell("kassa", receipt, tillhost.make_operation_id())

Start with docs/clients.md; the messages are in tillhost.messages (docs/ipc).
"""
from tillhost import messages
from tillhost.check_package import receipt_of_check_package
from tillhost.client import (Client, Place, TopicEvent, connect, default_endpoint, is_final,
                             make_operation_id)
from tillhost.errors import (ConnectionLost, DevdError, FieldError, NoDaemon, NotAdmitted,
                             TillhostError)
from tillhost.journal import Journal
from tillhost.licences import Lease as LicenceLease
from tillhost.licences import Licences, Standing
from tillhost.payments import reversal_of

__all__ = ["Client", "ConnectionLost", "DevdError", "FieldError", "Journal",
           "LicenceLease", "Licences", "NoDaemon",
           "NotAdmitted", "Place",
           "Standing", "TillhostError", "TopicEvent", "connect", "default_endpoint", "is_final",
           "make_operation_id", "messages", "receipt_of_check_package", "reversal_of"]
