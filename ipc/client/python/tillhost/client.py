"""A POS program's end of devd. The same contract as the C++ client (ipc/client/cpp/client.h)."""
from __future__ import annotations

import dataclasses
import os
import secrets
import time
from typing import Any, Callable, Optional

from tillhost import codec, hosts, messages
from tillhost.connection import PROTOCOL_VERSION, Connection
from tillhost.errors import FieldError, NoDaemon, TillhostError
from tillhost.events import Events, Place, TopicEvent
from tillhost.journal import Journal
from tillhost.leases import Leases
from tillhost.messages import Operation, OperationState, Reaction, Verdict

DEADLINE = 60.0  # seconds that a call waits unless told otherwise
HELLO_TIME_MAX = 5.0
RECONNECT_DELAY_MIN = 0.05
RECONNECT_DELAY_MAX = 1.0
DOUBT_LOOK = 0.2
WATCH_LOOK = 0.25  # how often carry_out shows what it waits for

_FINAL = {OperationState.done, OperationState.failed, OperationState.cancelled,
          OperationState.expired, OperationState.never_accepted}
_ENDS_CONNECTION = {"link_lost", "deadline_passed", "no_session", "stale_session",
                    "wrong_version", "malformed", "not_paired"}
_WORTH_REPEATING = {"link_lost", "no_daemon", "no_session", "stale_session", "shutting_down",
                    "host_unreachable"}
PLACES_MAX = 10_000  # operations whose device is remembered
OF_NO_DEVICE = "-"  # a sale, which is the host's that it was handed over to

__all__ = ["Client", "Place", "TopicEvent", "connect", "default_endpoint", "is_final",
           "make_operation_id"]


def default_endpoint() -> str:
    """ipc://$TILLHOST_RUNTIME_DIR/devd.sock; without the variable /run/tillhost."""
    return f"ipc://{os.environ.get('TILLHOST_RUNTIME_DIR') or '/run/tillhost'}/devd.sock"


def make_operation_id() -> str:
    """A new id for one operation: UUID version 7.

    Store it with the sale BEFORE it is handed over (a journal does), and keep it until the result
    is stored and acknowledged: a second id for the same sale is a second receipt.
    """
    random = secrets.randbits(74)
    high = (int(time.time() * 1000) << 16) | 0x7000 | (random >> 62)
    low = (0b10 << 62) | (random & ((1 << 62) - 1))
    digits = f"{high:016x}{low:016x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def is_final(state: OperationState) -> bool:
    """True for the states that never change again."""
    return state in _FINAL


def _may_wait_for_person(operation: Operation) -> bool:
    """In doubt, or a sale with such a step: it may go on only when a person says something."""
    return operation.state == OperationState.in_doubt or (
        operation.state == OperationState.accepted and operation.error is not None
        and operation.error.reaction == Reaction.ask_operator)


def _is_worth_repeating(error: TillhostError) -> bool:
    if error.code == "book_restored":
        return False  # only a person can say more
    return error.may_have_happened or error.code in _WORTH_REPEATING


class _Pauses:
    """Pauses that grow, for a devd that may come back."""

    def __init__(self) -> None:
        self._delay = RECONNECT_DELAY_MIN

    def wait(self, deadline: float) -> bool:
        """False when there is no time left."""
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(self._delay, left))
        self._delay = min(self._delay * 2, RECONNECT_DELAY_MAX)
        return True


def connect(name: str, *, endpoint: str = "", host: str = "", journal: str = "",
            program_version: str = "", deadline: float = DEADLINE) -> Client:
    """Connects and says hello. `deadline` is in seconds from now, here and everywhere.

    `host` names another machine that this one is paired with (tillctl pair --with): its devd is
    spoken to, encrypted, instead of this machine's.
    `journal` names a file in which carry_out() keeps what is not finished; see Client.unfinished().
    NoDaemon, FieldError (the name), wrong_version; with host NotAdmitted; those of Journal.
    """
    return Client(name, endpoint, journal, program_version, deadline, host)


class Client(Leases):
    """Plain calls that wait for their answer; for one thread. Errors are TillhostError.

    A connection that was lost is made anew by the next call. A call never repeats its request by
    itself, except carry_out() and what is built on it.
    """

    def __init__(self, name: str, endpoint: str, journal: str, program_version: str,
                 deadline: float, host: str = "") -> None:
        super().__init__()
        self._host = host
        self._endpoint = endpoint or default_endpoint()
        self._hello = messages.HelloRequest(client=name, versions=[PROTOCOL_VERSION],
                                            program_version=program_version)
        self._connection: Optional[Connection] = None
        self._session = 0
        self._journal = Journal(journal) if journal else None
        self._events = Events()
        self._places: dict[str, str] = {}
        for kept in self.unfinished():
            self._remember(kept.operation_id, kept.device)
        try:
            self._be_connected(time.monotonic() + deadline)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Frees connection and journal. What was handed over goes on without us."""
        self._drop()
        if self._journal is not None:
            self._journal.close()

    # --- devices

    def devices(self, deadline: float = DEADLINE) -> list[messages.Device]:
        return self._ask("devices", messages.Empty(), deadline).devices

    def status(self, device: str, deadline: float = DEADLINE) -> messages.Device:
        """As devd knows it; touches no device."""
        return self._ask("status", messages.DeviceRequest(device=device), deadline)

    def query(self, device: str, query: messages.Query, deadline: float = DEADLINE):
        """Asks the device itself: messages.StatusQuery() and the other cases of Query."""
        return self._ask("query", messages.QueryRequest(device=device, query=query), deadline)

    # --- handing over

    def carry_out(self, device: str, command: messages.Command, operation_id: str, *,
                  sale_ref: str = "", start_before_ms: int = 0, force: bool = False,
                  doubt_patience: float = 0.0, deadline: float = DEADLINE,
                  watch: Optional[Callable[[Operation], bool]] = None) -> Operation:
        """Hands an operation over and returns the truth: the operation in a final state, or in
        doubt, or as it stood at the deadline. It is carried out once, however often the connection
        breaks or devd is restarted meanwhile. A sale that waits for a person is returned as it
        stands, with that error.

        watch is shown the operation every quarter of a second while it is waited for; it may read
        events and ask for an abort. When it returns False, the operation is returned as it stands.

        An error with effect "none": nothing will come of it. With "unknown": the id may be in the
        book; ask by operation(), or make sure with settle().
        """
        kept = messages.KeptOperation(operation_id=operation_id, device=device, command=command,
                                      sale_ref=sale_ref, start_before_ms=start_before_ms,
                                      force=force)
        was_kept = self._journal is not None and self._journal.holds(operation_id)
        if self._journal is not None:
            self._journal.keep(kept)
        until = time.monotonic() + deadline
        try:
            taken = self._hand_over(kept, was_kept, until)
            return taken if is_final(taken.state) else self._outcome(
                kept, doubt_patience, until, watch)
        except TillhostError as error:
            if not error.may_have_happened:
                self._forget(operation_id)  # nothing will come of it
            raise

    def sell(self, device: str, receipt: messages.Receipt, operation_id: str,
             **options) -> Operation:
        """carry_out() of a receipt."""
        return self.carry_out(device, receipt, operation_id, **options)

    def unfinished(self) -> list[messages.KeptOperation]:
        """What the journal holds, oldest first: resume() each of them before anything else."""
        return self._journal.unfinished() if self._journal is not None else []

    def resume(self, kept: messages.KeptOperation, *, doubt_patience: float = 0.0,
               deadline: float = DEADLINE) -> Operation:
        """carry_out() of what the journal holds, under its own id."""
        return self.carry_out(kept.device, kept.command, kept.operation_id, sale_ref=kept.sale_ref,
                              start_before_ms=kept.start_before_ms, force=kept.force,
                              doubt_patience=doubt_patience, deadline=deadline)

    def submit(self, device: str, command: messages.Command, operation_id: str, *,
               sale_ref: str = "", start_before_ms: int = 0, force: bool = False,
               deadline: float = DEADLINE) -> Operation:
        """Hands over once; returns when devd has it on disk. See carry_out()."""
        return self._submit(
            messages.KeptOperation(operation_id=operation_id, device=device, command=command,
                                   sale_ref=sale_ref, start_before_ms=start_before_ms, force=force),
            time.monotonic() + deadline)

    def wait(self, operation_id: str, deadline: float = DEADLINE, *,
             device: str = "") -> Operation:
        """The request await: until it is final or in doubt; at the deadline as it stands."""
        return self._ask("await",
                         messages.OperationRequest(operation_id=operation_id, device=device),
                         deadline)

    # --- the operation book
    #
    # `device` is that of the operation. A Client knows it of what it has handed over, was told of
    # or has in its journal; a program that was started again names it where the device may be
    # another host's.

    def operation(self, operation_id: str, deadline: float = DEADLINE, *,
                  device: str = "") -> Operation:
        return self._ask("operation",
                         messages.OperationRequest(operation_id=operation_id, device=device),
                         deadline)

    def operations(self, device: str = "", unsettled_only: bool = False, limit: int = 100,
                   deadline: float = DEADLINE) -> messages.OperationsReply:
        """Newest first."""
        request = messages.OperationsRequest(device=device, unsettled_only=unsettled_only,
                                             limit=limit)
        return self._ask("operations", request, deadline)

    def settle(self, operation_id: str, deadline: float = DEADLINE, *,
               device: str = "") -> Operation:
        """Makes sure of an id: its operation, or never_accepted, after which it never can be."""
        settled = self._change("settle", operation_id, deadline, device)
        if settled.state == OperationState.never_accepted:
            self._forget(operation_id)
        return settled

    def cancel(self, operation_id: str, deadline: float = DEADLINE, *,
               device: str = "") -> Operation:
        return self._change("cancel", operation_id, deadline, device)

    def abort(self, operation_id: str, deadline: float = DEADLINE, *,
              device: str = "") -> Operation:
        """Asks a terminal to break off what it carries out; await says whether it did."""
        return self._change("abort", operation_id, deadline, device)

    def acknowledge(self, operation_id: str, deadline: float = DEADLINE, *,
                    device: str = "") -> Operation:
        """Says that the result is stored here; the journal forgets it."""
        try:
            done = self._change("acknowledge", operation_id, deadline, device)
        except TillhostError as error:
            if error.code == "unknown_operation":  # devd forgets only what was acknowledged
                self._forget(operation_id)
            raise
        self._forget(operation_id)
        return done

    def resolve(self, operation_id: str, deadline: float = DEADLINE, *,
                device: str = "") -> Operation:
        """Has the device asked once more about an operation in doubt; changes nothing."""
        return self._ask("resolve",
                         messages.OperationRequest(operation_id=operation_id, device=device),
                         deadline)

    def decide(self, operation_id: str, *, version: int, verdict: Verdict, note: str,
               fiscal_document_number: int = 0, payment: Optional[messages.PaymentEntry] = None,
               force: bool = False, device: str = "",
               deadline: float = DEADLINE) -> Operation:
        """What a person says of an operation that the device cannot tell; of a terminal's, with
        executed, what its paper says. possible_duplicate: the slip settled another payment of that
        terminal already; force, only where the terminal gave its number twice."""
        until = time.monotonic() + deadline
        self._be_connected(until)
        request = messages.DecideRequest(session=self._session, operation_id=operation_id,
                                         version=version, verdict=verdict, note=note,
                                         fiscal_document_number=fiscal_document_number,
                                         payment=payment, force=force, device=device)
        return self._ask_until("decide", request, until)

    # --- events

    def subscribe(self, topic: str, start: Place = Place(), deadline: float = DEADLINE) -> None:
        """Follows "device/ID", "operation/ID" or "alarms". Read the state after this, not before,
        and nothing is missed."""
        until = time.monotonic() + deadline
        self._be_connected(until)
        self._events.subscribe(topic, start, lambda kind, body: self._ask_until(kind, body, until))

    def unsubscribe(self, topic: str, deadline: float = DEADLINE) -> None:
        until = time.monotonic() + deadline
        self._be_connected(until)
        self._events.unsubscribe(topic, lambda kind, body: self._ask_until(kind, body, until))

    def place_of(self, topic: str) -> Optional[Place]:
        """Where the topic stands; store it to go on there after a restart of the program."""
        return self._events.place_of(topic)

    def next_event(self, deadline: float = DEADLINE) -> Optional[TopicEvent]:
        """The next event of any topic; None at the deadline. A lost connection is made anew, and
        each topic goes on where it was; what cannot be had any more is a messages.Gap."""
        until = time.monotonic() + deadline
        pauses = _Pauses()
        while True:
            try:
                self._be_connected(until)
                ask = lambda kind, body: self._ask_until(kind, body, until)  # noqa: E731
                self._events.resume(ask)
                return self._events.next(self._connection, until, ask)
            except TillhostError as error:
                if error.code in _ENDS_CONNECTION:
                    self._drop()
                if not _is_worth_repeating(error) or not pauses.wait(until):
                    raise

    def request(self, kind: str, body: Any = None, deadline: float = DEADLINE):
        """Any request of the schema by its name (messages.REQUESTS), for those without a call of
        their own here; returns its reply. One attempt."""
        return self._ask(kind, messages.Empty() if body is None else body, deadline)

    # --- inside

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._events.connection_ended()

    def _be_connected(self, until: float) -> None:
        if self._connection is not None and not self._connection.has_ended():
            return
        self._drop()
        if self._host:  # read anew: its key may have been rolled
            host = hosts.read(self._host)
            self._connection = Connection(host.endpoint, until, host)
        else:
            self._connection = Connection(self._endpoint, until)
        try:
            reply = self._connection.call("hello", codec.dump(self._hello),
                                          min(until, time.monotonic() + HELLO_TIME_MAX))
            self._session = codec.load(messages.HelloReply, reply).session
        except TillhostError as error:
            self._drop()
            error.effect = "none"  # nothing but a greeting was sent
            raise

    def _ask(self, kind: str, body: Any, deadline: float):
        until = time.monotonic() + deadline
        self._be_connected(until)
        return self._ask_until(kind, body, until)

    def _ask_until(self, kind: str, body: Any, until: float):
        """One request over the connection that stands."""
        if self._connection is None:
            raise NoDaemon("not connected")
        body = self._placed(kind, body)
        try:
            answer = self._connection.call(kind, codec.dump(body), until)
        except TillhostError as error:
            if error.code in _ENDS_CONNECTION or self._connection.lost:
                self._drop()
            raise
        reply = messages.REQUESTS[kind][1]
        spec = reply if isinstance(reply, codec.Spec) else codec.Struct(reply)
        try:
            told = spec.load(answer, "")
            if isinstance(told, Operation) and (told.device or told.command == "sale"):
                self._remember(told.operation_id, told.device)
            return told
        except FieldError as error:
            raise TillhostError("malformed", f"devd's answer: {error.text}",
                                effect="unknown") from None

    def _placed(self, kind: str, body: Any):
        """What names only an operation says its device too, where that is known: it may be another
        host's, which then has the operation."""
        if kind == "submit":
            self._remember(body.operation_id, body.device)
        elif getattr(body, "operation_id", "") and getattr(body, "device", None) == "":
            return dataclasses.replace(body, device=self._places.get(body.operation_id, ""))
        return body

    def _remember(self, operation_id: str, device: str) -> None:
        self._places[operation_id] = device or OF_NO_DEVICE  # a sale
        if len(self._places) > PLACES_MAX:
            del self._places[next(iter(self._places))]

    def _change(self, kind: str, operation_id: str, deadline: float, device: str) -> Operation:
        return self._change_until(kind, operation_id, time.monotonic() + deadline, device)

    def _change_until(self, kind: str, operation_id: str, until: float,
                      device: str = "") -> Operation:
        self._be_connected(until)
        request = messages.SessionOperationRequest(session=self._session, operation_id=operation_id,
                                                   device=device)
        return self._ask_until(kind, request, until)

    def _forget(self, operation_id: str) -> None:
        if self._journal is not None:
            self._journal.forget(operation_id)

    def _submit(self, kept: messages.KeptOperation, until: float) -> Operation:
        self._be_connected(until)
        fields = {one.name: getattr(kept, one.name) for one in dataclasses.fields(kept)}
        fields["lease"] = self._token_for(kept.device, kept.command)
        return self._ask_until("submit", messages.SubmitRequest(session=self._session, **fields),
                               until)

    def _hand_over(self, kept: messages.KeptOperation, may_have_arrived: bool,
                   until: float) -> Operation:
        pauses = _Pauses()
        while True:
            try:
                return self._submit(kept, until)
            except TillhostError as error:
                may_have_arrived = may_have_arrived or error.may_have_happened
                if not _is_worth_repeating(error):
                    # A conflict is about another operation's content: ours was never taken.
                    if may_have_arrived and error.code != "conflict":
                        return self._make_sure(kept.operation_id, error, until)
                    raise
                if not pauses.wait(until):
                    error.effect = "unknown" if may_have_arrived else "none"
                    raise

    def _make_sure(self, operation_id: str, refusal: TillhostError, until: float) -> Operation:
        """devd refused what an earlier message may still bring: the id is settled first."""
        pauses = _Pauses()
        while True:
            try:
                settled = self._change_until("settle", operation_id, until)
            except TillhostError as error:
                if not _is_worth_repeating(error) or not pauses.wait(until):
                    error.effect = "unknown"
                    raise
                continue
            if settled.state == OperationState.never_accepted:
                refusal.effect = "none"
                raise refusal
            return settled

    def _outcome(self, kept: messages.KeptOperation, doubt_patience: float, until: float,
                 watch: Optional[Callable[[Operation], bool]]) -> Operation:
        pauses, doubt_until = _Pauses(), None
        request = messages.OperationRequest(operation_id=kept.operation_id)
        while True:
            try:
                self._be_connected(until)
                look = until if watch is None else min(until, time.monotonic() + WATCH_LOOK)
                seen = self._ask_until("await", request, look)
            except TillhostError as error:
                if not _is_worth_repeating(error) or not pauses.wait(until):
                    error.effect = "unknown"  # it was taken
                    raise
                continue
            now = time.monotonic()
            if is_final(seen.state) or now >= until or (watch is not None and not watch(seen)):
                return seen
            if not _may_wait_for_person(seen):
                if watch is None:
                    pauses.wait(until)
                continue
            doubt_until = doubt_until or min(until, now + doubt_patience)
            if now >= doubt_until:
                return seen
            time.sleep(min(DOUBT_LOOK, doubt_until - now))
