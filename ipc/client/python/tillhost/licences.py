"""What a Python program takes licences with: the same contract as licd/client/licence_client.h.

    with tillhost.Licences("till", program_version="3.1") as licences:
        lease = licences.acquire("till.base", wait=30)
        licences.start_beats()
        while lease.standing is not Standing.gone:
            work()
            licences.used()

One difference: Python's standard library has no Ed25519, so what a server lends is not checked up
to the vendor's root. A program relies on the local socket, or on CURVE and the pinned key of a
server. One that must not be deceived by its own user uses liblicclient.so (docs/licences-for-
programs.md) through ctypes.
"""
from __future__ import annotations

import ctypes
import dataclasses
import enum
import getpass
import hmac
import os
import random
import secrets
import socket
import threading
import time
from typing import Any, Callable, Optional

import zmq

from tillhost import codec, licence_search, messages
from tillhost.client import make_operation_id
from tillhost.connection import Connection
from tillhost.errors import FieldError, NoDaemon, TillhostError
from tillhost.hosts import Host
from tillhost.licence_search import Pins, Server
from tillhost.messages import LicenceEnd

DEADLINE = 10.0  # seconds that a call waits unless told otherwise
CALL_TIME = 5.0
SERVER_TIME_MAX = 3.0
WAIT_PIECE = 2.0
BETWEEN_PIECES = 0.02
EARLY_PAUSE = 0.5
BEAT_TIME = 60.0
PENDING_TIME = 60.0
LEASES_MAX = 256
TRY_AGAIN_LONGEST = 30.0
_PAUSE_FIRST, _PAUSE_LONGEST = 0.1, 2.0

#: Ends after which the seat waits until the program says that it knows.
_SEAT_WAITS = (LicenceEnd.revoked, LicenceEnd.idle, LicenceEnd.key)
_WORTH_REPEATING = {"retry_later", "shutting_down", "link_lost", "no_daemon", "deadline_passed",
                    "no_session", "stale_session"}
_ENDS_CONNECTION = {"link_lost", "deadline_passed", "no_session", "stale_session", "malformed",
                    "wrong_version", "shutting_down"}


def boot_time() -> float:
    """Seconds on a clock that only grows and goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Standing(enum.Enum):
    held = "held"  # the program has its licence
    grace = "grace"  # no server can be reached: go on, warn, begin nothing new
    gone = "gone"  # none: stop, or acquire anew


@dataclasses.dataclass(eq=False)
class Lease:
    """One licence of this program. Read `standing`; gone is for ever."""

    licence: str
    key: str
    number: int
    seat: int
    request_id: str
    generation: int
    ends: float  # boot time
    grace: float  # seconds
    uses: int = 0
    why: Optional[LicenceEnd] = None  # set: gone
    server_knows: bool = False
    clock: Callable[[], float] = boot_time

    @property
    def standing(self) -> Standing:
        now = self.clock()
        if self.why is None and now >= self.ends + self.grace:
            self.why = LicenceEnd.expired
        if self.why is not None:
            return Standing.gone
        return Standing.held if now < self.ends else Standing.grace

    @property
    def left(self) -> float:
        """Seconds until held or grace is over, if nothing is heard."""
        ends = {Standing.held: self.ends, Standing.grace: self.ends + self.grace}
        standing = self.standing
        return 0.0 if standing is Standing.gone else max(ends[standing] - self.clock(), 0.0)


def code_proof(code: str, salt: bytes, nonce: bytes) -> bytes:
    """HMAC-SHA-256(argon2id(code, salt), nonce). argon2id is libsodium's, which libzmq brings."""
    try:
        sodium = ctypes.CDLL("libsodium.so.23")
    except OSError:
        raise TillhostError("not_supported", "access codes need libsodium") from None
    key, text = ctypes.create_string_buffer(32), code.encode()
    interactive, argon2id = (2, 64 * 1024 * 1024), 2
    sodium.sodium_init()
    failed = sodium.crypto_pwhash(
        key, ctypes.c_ulonglong(32), text, ctypes.c_ulonglong(len(text)), salt,
        ctypes.c_ulonglong(interactive[0]), ctypes.c_size_t(interactive[1]), argon2id)
    if failed:
        raise TillhostError("system_failed", "no memory for the key of an access code")
    return hmac.digest(key.raw, nonce, "sha256")


@dataclasses.dataclass
class _Pending:
    request_id: str
    counts_from: Optional[float] = None  # the last sending known to be earlier than a grant
    last_sent: float = 0.0
    stands_in_line: bool = False


class Licences:
    """A program's end of the licence server. Any thread may call anything; errors are
    TillhostError, with the codes of licd/client/licence_client.h. `servers`: "*LOCAL", "*AUTO" or
    addresses HOST[:PORT][#KEY] with commas between; `pins`: a file for the keys of servers that
    have lent something; `instance`: 8 to 64 characters by which the server knows this program
    again, new each time if empty.
    """

    def __init__(self, program: str, *, servers: str = "*LOCAL", pins: str = "", group: str = "",
                 instance: str = "", program_version: str = "", user: str = "",
                 computer: str = "", terminal_session: str = "", local_endpoint: str = "",
                 search_port: int = licence_search.PORT, search_at: tuple[str, ...] = (),
                 clock: Callable[[], float] = boot_time) -> None:
        self._servers = servers.strip()
        self._listed = ([] if self._servers in ("*LOCAL", "*AUTO")
                        else licence_search.parse_servers(servers))
        self._pins, self._group = Pins(pins), group
        self._search_port, self._search_at = search_port, list(search_at)
        folder = os.environ.get("TILLHOST_RUNTIME_DIR") or "/run/tillhost"
        self._endpoint = local_endpoint or f"ipc://{folder}/licd.sock"
        self._hello = messages.LicenceHelloRequest(
            instance=instance or secrets.token_hex(16), program=program,
            program_version=program_version, user=(user or _user())[:64],
            computer=(computer or socket.gethostname())[:64],
            terminal_session=(terminal_session or os.environ.get("XDG_SESSION_ID", ""))[:64])
        self._own = zmq.curve_keypair()
        self._clock = clock
        self._lock = threading.RLock()
        self._connection: Optional[Connection] = None
        self._server: Optional[Server] = None
        self._greeted: Any = None
        self._leases: list[Lease] = []
        self._pending: dict[tuple[str, str], _Pending] = {}
        self._goodbyes: list[dict] = []
        self._beat_time = BEAT_TIME
        self._stop = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def __enter__(self) -> Licences:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    # --- taking

    def acquire(self, licence: str, *, key: str = "", access_code: str = "", wait: float = 0.0,
                deadline: float = DEADLINE,
                watch: Optional[Callable[[messages.LicencePlace], bool]] = None) -> Lease:
        """Takes a licence; one that is held already is given as it is. Stands in line for `wait`
        seconds if no seat is free; `watch` is told the place and may return False to stop. Within
        wait + deadline lost connections and retry_later are tried again."""
        wait_until = time.monotonic() + wait
        until, pause = wait_until + deadline, _PAUSE_FIRST
        while True:
            try:
                came = self._acquire_once(licence, key, access_code, wait_until, until)
            except TillhostError as error:
                left = until - time.monotonic()
                if error.code not in _WORTH_REPEATING or left <= 0:
                    raise
                time.sleep(min(pause * random.uniform(0.5, 1.5), left))
                pause = min(pause * 2, _PAUSE_LONGEST)
                continue
            if isinstance(came, Lease):
                return came
            place, was_early = came
            goes_on = watch is None or watch(place)
            left = wait_until - time.monotonic()
            if not goes_on or left < 2 * BETWEEN_PIECES:
                self.leave_line(licence)
                raise TillhostError("no_seat", f"all {place.seats} licences '{licence}' are in "
                                               f"use; place {place.place} in the line",
                                    reaction="retry_later")
            time.sleep(min(EARLY_PAUSE * random.uniform(0.5, 1.5) if was_early else BETWEEN_PIECES,
                           left - BETWEEN_PIECES))

    def _acquire_once(self, licence, key, access_code, wait_until, until):
        with self._lock:
            for lease in self._leases:
                if lease.licence == licence and key in ("", lease.key) and (
                        lease.standing is not Standing.gone):
                    return lease
            if len(self._leases) >= LEASES_MAX:  # those that are gone make room
                self._leases = [one for one in self._leases if one.standing is not Standing.gone]
            if len(self._leases) >= LEASES_MAX:
                raise TillhostError("too_large", f"{LEASES_MAX} licences at once; release some")
            self._be_connected(until)
            pending = self._pending_for(licence, key)
            wait = min(max(wait_until - time.monotonic(), 0.0), WAIT_PIECE)
            request = messages.AcquireLicenceRequest(
                session=self._greeted.session, request_id=pending.request_id, licence=licence,
                key=key, wait_ms=int(wait * 1000),
                code_proof=(code_proof(access_code, self._greeted.code_salt,
                                       self._greeted.code_nonce) if access_code else b""))
            sent, began = self._clock(), time.monotonic()
            pending.counts_from = sent if pending.counts_from is None else pending.counts_from
            pending.last_sent = sent
            try:
                answer = self._ask("acquire_licence", request, min(until, began + wait + CALL_TIME))
            except TillhostError as error:
                self._acquire_failed(error, licence, key, pending)
                raise
            if isinstance(answer, messages.LicencePlace):
                pending.counts_from, pending.stands_in_line = sent, True
                return answer, time.monotonic() - began < wait / 2
            return self._take(answer.lease, licence, key, pending)

    def _acquire_failed(self, error, licence, key, pending) -> None:
        if error.code == "lease_gone":  # of an acquire before, that ended unseen: make another
            self._pending.pop((licence, key), None)
            error.code = "retry_later"
        elif error.code not in _WORTH_REPEATING:
            self._pending.pop((licence, key), None)
            if pending.stands_in_line:
                self._goodbyes.append({"request_id": pending.request_id})

    def _take(self, told: messages.LicenceLease, licence: str, key: str,
              pending: _Pending) -> Lease:
        self._pending.pop((licence, key), None)
        if told.licence != licence or (key and told.key != key):
            self._goodbyes.append({"request_id": pending.request_id})
            raise TillhostError("key_foreign", "the licence server lends another licence",
                                reaction="ask_operator")
        if self._server is not None:
            self._pins.keep(dataclasses.replace(
                self._server, name=self._greeted.server, group="", load=0,
                server_key=licence_search.key_text(self._greeted.server_key)))
        lease = Lease(told.licence, told.key, told.number, told.seat, pending.request_id,
                      told.generation, pending.counts_from + told.time_ms / 1000,
                      told.grace_ms / 1000, clock=self._clock)
        self._leases.append(lease)
        return lease

    def _pending_for(self, licence: str, key: str) -> _Pending:
        pending = self._pending.get((licence, key))
        if pending is not None and self._clock() - pending.last_sent >= PENDING_TIME:
            self._goodbyes.append({"request_id": pending.request_id})
            pending = None
        if pending is None:
            pending = _Pending(make_operation_id(), last_sent=self._clock())
            self._pending[licence, key] = pending
        return pending

    def leave_line(self, licence: str, deadline: float = DEADLINE) -> None:
        """Gives up the places of acquires that have not ended."""
        with self._lock:
            for name in [name for name in self._pending if name[0] == licence]:
                self._goodbyes.append({"request_id": self._pending.pop(name).request_id})
            self._say_goodbyes_quietly(deadline)

    # --- keeping

    def used(self, lease: Optional[Lease] = None) -> None:
        """The program is used. Without it a lease becomes idle, and whoever waits gets it."""
        for one in self._leases if lease is None else [lease]:
            one.uses += 1

    def beat(self, deadline: float = DEADLINE) -> float:
        """Shows that the program lives; returns in how many seconds to call it again."""
        until = time.monotonic() + deadline
        with self._lock:
            was_connected = self._connection is not None
            try:
                return self._beat_once(until)
            except TillhostError:
                if not was_connected or self._connection is not None:
                    raise
            return self._beat_once(until)  # the connection had ended before, perhaps

    def _beat_once(self, until: float) -> float:
        held = [one for one in self._leases if one.standing is not Standing.gone]
        if not held and not self._goodbyes:
            return self._beat_time
        self._be_connected(until)
        if held:  # before the goodbyes: what keeps leases must not wait for them
            sent = self._clock()
            request = messages.BeatLicencesRequest(
                session=self._greeted.session,
                leases=[messages.LicenceBeat(number=one.number, generation=one.generation,
                                             used=one.uses) for one in held])
            reply = self._ask("beat_licences", request, min(until, time.monotonic() + CALL_TIME))
            self._beat_time = reply.next_beat_ms / 1000
            by_number = {one.number: one for one in held}
            for answer in reply.leases:
                if answer.number in by_number:
                    self._hear(by_number[answer.number], answer, sent)
        self._say_goodbyes(until)
        return self._beat_time

    def _hear(self, lease: Lease, answer: messages.LicenceBeatAnswer, sent: float) -> None:
        if answer.ended is not None:
            lease.why, lease.server_knows = answer.ended, True
            if answer.ended in _SEAT_WAITS:
                self._goodbyes.append(_goodbye_to(lease))
        elif answer.renewed is not None and answer.renewed.generation == lease.generation:
            lease.ends = sent + answer.renewed.time_ms / 1000
            lease.grace = answer.renewed.grace_ms / 1000
        elif sent >= lease.ends:
            lease.why = LicenceEnd.key  # a server that is there and does not renew

    def start_beats(self) -> None:
        """Beats in a thread of its own from now on, until close()."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._beats, name="licence beat", daemon=True)
            self._thread.start()

    def _beats(self) -> None:
        again, pause = 0.0, 1.0
        while not self._stop.wait(again):
            try:
                again, pause = self.beat(), 1.0
            except TillhostError:
                again = pause * random.uniform(0.5, 1.5)
                pause = min(pause * 2, TRY_AGAIN_LONGEST)

    # --- giving back

    def release(self, lease: Lease, deadline: float = DEADLINE) -> None:
        """Gives a lease back. A server that cannot be reached is told by a later beat."""
        with self._lock:
            if lease not in self._leases:
                return
            self._leases.remove(lease)
            if not lease.server_knows:
                self._goodbyes.append(_goodbye_to(lease))
            lease.why = lease.why or LicenceEnd.released
            lease.server_knows = True
            self._say_goodbyes(time.monotonic() + deadline)

    def close(self, deadline: float = 2.0) -> None:
        """Gives everything back, ends the thread and the connection."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._lock:
            for lease in self._leases:
                if not lease.server_knows:
                    self._goodbyes.append(_goodbye_to(lease))
                lease.why = lease.why or LicenceEnd.released
            self._leases.clear()
            self._goodbyes += [{"request_id": one.request_id} for one in self._pending.values()]
            self._pending.clear()
            self._say_goodbyes_quietly(deadline)
            self._drop()

    def _say_goodbyes_quietly(self, deadline: float) -> None:
        try:
            self._say_goodbyes(time.monotonic() + deadline)
        except TillhostError:
            pass  # the server learns it by our silence

    def _say_goodbyes(self, until: float) -> None:
        while self._goodbyes:
            self._be_connected(until)
            request = messages.ReleaseLicenceRequest(session=self._greeted.session,
                                                     **self._goodbyes[0])
            try:
                self._ask("release_licence", request, min(until, time.monotonic() + CALL_TIME))
            except TillhostError as error:
                if error.code in _WORTH_REPEATING:
                    raise
            self._goodbyes.pop(0)

    # --- the connection

    def _ask(self, kind: str, body: Any, until: float) -> Any:
        try:
            answer = self._connection.call(kind, codec.dump(body), until)
            reply = messages.REQUESTS[kind][1]
            spec = reply if isinstance(reply, codec.Spec) else codec.Struct(reply)
            return spec.load(answer, "")
        except FieldError as error:
            self._drop()
            raise TillhostError("malformed", f"the licence server's answer: {error.text}",
                                effect="unknown") from None
        except TillhostError as error:
            if error.code in _ENDS_CONNECTION or self._connection.has_ended():
                self._drop()
            raise

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _be_connected(self, until: float) -> None:
        if self._connection is not None and not self._connection.has_ended():
            return
        self._drop()
        self._connection, self._server = self._connect(until)
        self._greeted = self._ask("licence_hello", self._hello,
                                  min(until, time.monotonic() + CALL_TIME))
        self._beat_time = self._greeted.beat_ms / 1000

    def _connect(self, until: float) -> tuple[Connection, Optional[Server]]:
        if self._servers == "*LOCAL":
            return Connection(self._endpoint, min(until, time.monotonic() + SERVER_TIME_MAX)), None
        self._pins.load()
        servers = self._listed
        if self._servers == "*AUTO":
            found = licence_search.search(self._group, self._search_port, self._search_at)
            servers = licence_search.in_order(found, self._pins.servers, self._group)
        failure: TillhostError = NoDaemon("no licence server that may be used answers in the "
                                          "local network")
        for server in servers:
            try:
                return self._dial(server, until)
            except TillhostError as error:
                if isinstance(failure, NoDaemon):
                    failure = error
        raise failure

    def _dial(self, server: Server, until: float) -> tuple[Connection, Server]:
        until = min(until, time.monotonic() + SERVER_TIME_MAX)
        if not server.curve_key:  # one that the program names is newer than a pinned one
            server = self._pins.of(server.address) or server
        if not server.curve_key:
            server = licence_search.ask(server.address, self._group, until)
        host = Host(server.address, server.curve_key.encode(), *self._own)
        try:
            return Connection(host.endpoint, until, host), server
        except TillhostError as error:
            if error.code == "wrong_host_key" and self._pins.of(server.address):
                error.text += f"; if it was set up anew, remove it from {self._pins.path}"
            raise


def _goodbye_to(lease: Lease) -> dict:
    return {"number": lease.number, "generation": lease.generation,
            "request_id": lease.request_id}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
