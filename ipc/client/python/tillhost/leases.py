"""A device for oneself, for a time (ipc/schema/v1/lease.yaml)."""
from __future__ import annotations

import time

from tillhost import messages
from tillhost.errors import DevdError

LEASE_TIME = 60.0  # seconds that a lease is taken for unless told otherwise
DEADLINE = 60.0


class Leases:
    """The part of a Client that knows its leases.

    A lease belongs to the connection: one that was lost ends it, and what is handed over then with
    its token is refused (stale_lease), as after its time. Each submit for a leased device carries
    the token by itself; of a sale, for a device that the sale names.
    """

    def __init__(self) -> None:
        self._tokens: dict[str, int] = {}

    def lease(self, device: str, deadline: float = DEADLINE) -> messages.Lease:
        """Who has it and who waits."""
        return self._taken(self._ask("lease", messages.DeviceRequest(device=device), deadline))

    def take_lease(self, device: str, seconds: float = LEASE_TIME, wait: bool = False,
                   deadline: float = DEADLINE) -> messages.Lease:
        """With wait the program stands in line: returns when it has the device, or with its place
        at the deadline. DevdError device_leased without, naming who has it."""
        return self._taken(self._ask_in_session(
            "take_lease", deadline, messages.TakeLeaseRequest, device=device,
            time_ms=int(seconds * 1000), wait=wait))

    def ask_takeover(self, device: str, seconds: float = LEASE_TIME, note: str = "",
                     deadline: float = DEADLINE) -> messages.Lease:
        """The same in front of those who only wait; the holder is asked to let go."""
        return self._taken(self._ask_in_session(
            "ask_takeover", deadline, messages.AskTakeoverRequest, device=device,
            time_ms=int(seconds * 1000), note=note))

    def renew_lease(self, device: str, seconds: float = LEASE_TIME,
                    deadline: float = DEADLINE) -> messages.Lease:
        return self._ask_in_session("renew_lease", deadline, messages.RenewLeaseRequest,
                                    device=device, token=self._token(device),
                                    time_ms=int(seconds * 1000))

    def answer_takeover(self, device: str, consent: bool,
                        deadline: float = DEADLINE) -> messages.Lease:
        """The holder's word to whoever asked for the device."""
        lease = self._ask_in_session("answer_takeover", deadline, messages.AnswerTakeoverRequest,
                                     device=device, token=self._token(device), consent=consent)
        if consent:
            self._tokens.pop(device, None)
        return lease

    def release_lease(self, device: str, deadline: float = DEADLINE) -> messages.Lease:
        """Gives it back, or leaves the line."""
        self._tokens.pop(device, None)
        return self._ask_in_session("release_lease", deadline, messages.ReleaseLeaseRequest,
                                    device=device)

    def _taken(self, lease: messages.Lease) -> messages.Lease:
        if lease.state == messages.LeaseState.held:
            self._tokens[lease.device] = lease.token
        return lease

    def _token(self, device: str) -> int:
        if device not in self._tokens:
            raise DevdError("stale_lease", "device: this program has not taken it (take_lease)")
        return self._tokens[device]

    def _token_for(self, device: str, command: messages.Command) -> int:
        """That of the device, or of a device that a sale names; of one that leaves names to the
        shop, any; 0 without one."""
        names = [device]
        if isinstance(command, messages.Sale):
            names = [command.registrar, command.terminal, command.substitute, command.printer,
                     command.drawer]
            if not command.registrar or not command.terminal:
                names += self._tokens
        return next((self._tokens[name] for name in names if name in self._tokens), 0)

    def _ask_in_session(self, kind: str, deadline: float, request: type, **fields):
        until = time.monotonic() + deadline
        self._be_connected(until)
        return self._ask_until(kind, request(session=self._session, **fields), until)
