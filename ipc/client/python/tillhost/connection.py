"""One connection to devd: numbered requests, replies, events. It ends once and for good."""
from __future__ import annotations

import collections
import errno
import re
import socket
import time
from typing import Any, Optional

import msgpack
import zmq
import zmq.utils.monitor

from tillhost.errors import ConnectionLost, DevdError, NoDaemon, NotAdmitted, TillhostError
from tillhost.hosts import Host

PROTOCOL_VERSION = 1
FRAME_BYTES_MAX = 1024 * 1024
QUEUED_MESSAGES_MAX = 1000
HEARTBEAT_MS = 5_000
HEARTBEAT_TIMEOUT_MS = 15_000
#: Over the network the host asks; this bounds the time before its first question.
TILL_HEARTBEAT_MS = 120_000
#: A host whose machine or cable is gone: TCP asks after 15 s of silence, three times, every 5 s.
_KEEPALIVE = ((zmq.TCP_KEEPALIVE, 1), (zmq.TCP_KEEPALIVE_IDLE, 15), (zmq.TCP_KEEPALIVE_INTVL, 5),
              (zmq.TCP_KEEPALIVE_CNT, 3), (zmq.TCP_MAXRT, 30_000))
#: devd answers at the deadline; its answer needs a moment to arrive.
REPLY_GRACE = 2.0
#: Of an encrypted connection to another machine.
NETWORK_CONNECT_MAX = 6.0
NETWORK_HANDSHAKE_MS = 2_000
GREETING_TIME_MAX = 1.0
#: Events that may wait to be taken; a server that sends more goes beyond any credit.
EVENTS_WAITING_MAX = 65_536

_OPTIONS = ((zmq.LINGER, 0), (zmq.IMMEDIATE, 1), (zmq.RECONNECT_IVL, -1),
            (zmq.SNDHWM, QUEUED_MESSAGES_MAX), (zmq.RCVHWM, QUEUED_MESSAGES_MAX),
            (zmq.HEARTBEAT_IVL, HEARTBEAT_MS), (zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS),
            (zmq.MAXMSGSIZE, FRAME_BYTES_MAX))

#: What an error's text begins with if a field is wrong: the path of the field.
_FIELD = re.compile(r"([a-z_][a-z0-9_]*(?:\[\d+\])?(?:\.[a-z_][a-z0-9_]*(?:\[\d+\])?)*): ")


def error_of(body: Any) -> TillhostError:
    """devd's own error. Its text names the field in front, if one is wrong."""
    try:
        code, text = str(body["code"]), str(body["text"])
        reaction = {1: "reject", 2: "ask_operator", 3: "retry_later", 4: "reconnect",
                    5: "report"}[body["reaction"]]
        effect = {1: "none", 2: "unknown"}[body["effect"]]
        number = int(body.get("device_code", 0))
    except (KeyError, TypeError, ValueError):
        return _malformed("an error that cannot be read")
    field = _FIELD.match(text) if reaction == "reject" else None
    return DevdError(code, text, reaction=reaction, effect=effect,
                     field=field.group(1) if field else "", device_code=number)


def _malformed(text: str) -> TillhostError:
    return ConnectionLost("malformed", f"devd's answer: {text}", effect="unknown")


def _speaks_curve(endpoint: str) -> bool:
    """Whether the other end would encrypt: what its greeting says (ZeroMQ RFC 23)."""
    greeting = (b"\xff" + bytes(7) + b"\x01\x7f\x03\x00CURVE").ljust(64, b"\0")
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    heard = b""
    try:
        with socket.create_connection((host, int(port)), GREETING_TIME_MAX) as line:
            line.settimeout(GREETING_TIME_MAX)
            line.sendall(greeting)
            while len(heard) < 64 and (more := line.recv(64)):
                heard += more
    except OSError:
        pass
    return heard[:1] == b"\xff" and heard[12:18] == b"CURVE\0"


def _why_not_in(event: int, number: int, endpoint: str) -> TillhostError:
    """What the end of a handshake means; the same as in ipc/zmq_client.cpp."""
    if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
        if number == 500:
            return NotAdmitted("retry_later", f"too many connections of this machine to {endpoint}")
        return NotAdmitted("not_paired", f"{endpoint} does not admit this machine's key")
    if event == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        if number in (errno.EAGAIN, errno.ETIMEDOUT):
            return NoDaemon(f"{endpoint} takes the connection and says nothing")
        # One that cannot read our greeting closes without a word, as may one without encryption.
        if _speaks_curve(endpoint):
            return NotAdmitted("wrong_host_key", f"{endpoint} has another key than when paired")
    if event in (zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
                 zmq.EVENT_DISCONNECTED):
        return NotAdmitted("not_encrypted", f"what answers at {endpoint} is no encrypted tillhost")
    return NoDaemon(f"nobody answers at {endpoint}")


class Connection:
    """Made by connecting. NoDaemon if nobody is there; with a host's keys, NotAdmitted."""

    def __init__(self, endpoint: str, deadline: float, host: Optional[Host] = None) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        for option, value in _OPTIONS:
            self._socket.setsockopt(option, value)
        if host is not None:
            self._socket.setsockopt(zmq.HANDSHAKE_IVL, NETWORK_HANDSHAKE_MS)
            self._socket.setsockopt(zmq.HEARTBEAT_IVL, TILL_HEARTBEAT_MS)
            for option, value in _KEEPALIVE:
                self._socket.setsockopt(option, value)
            self._socket.curve_serverkey = host.host_key
            self._socket.curve_publickey = host.public_key
            self._socket.curve_secretkey = host.secret_key
            deadline = min(deadline, time.monotonic() + NETWORK_CONNECT_MAX)
        self._monitor = self._socket.get_monitor_socket()
        self._monitor.setsockopt(zmq.LINGER, 0)
        self._last_id = 0
        self._events: collections.deque = collections.deque()
        self.lost = False
        try:
            self._socket.connect(endpoint)
            self._wait_connected(endpoint, deadline, host is not None)
        except zmq.ZMQError as error:
            self.close()
            raise NoDaemon(f"{endpoint}: {error}") from None
        except TillhostError:
            self.close()
            raise

    def close(self) -> None:
        self.lost = True
        self._socket.disable_monitor()
        self._monitor.close()
        self._socket.close()
        self._context.term()

    def has_ended(self) -> bool:
        """True once every call will fail with link_lost."""
        self._look_at_monitor()
        return self.lost

    def call(self, kind: str, body: dict, deadline: float) -> Any:
        """The answer's body. ConnectionLost, with effect "unknown" once the request has left."""
        self._look_at_monitor()
        if self.lost:
            raise ConnectionLost("link_lost", "the connection to devd ended", reaction="reconnect")
        deadline_ms = min(max(int((deadline - time.monotonic()) * 1000), 1), 3_600_000)
        self._last_id += 1
        self._send({"v": PROTOCOL_VERSION, "kind": kind, "id": self._last_id,
                    "deadline_ms": deadline_ms, "body": body})
        until = time.monotonic() + deadline_ms / 1000 + REPLY_GRACE
        while True:
            reply = self._receive(until)
            if reply is None:
                self.lost = True
                raise ConnectionLost("deadline_passed", "devd has not answered",
                                     reaction="retry_later", effect="unknown")
            if "event" in reply:
                if len(self._events) >= EVENTS_WAITING_MAX:
                    self.lost = True
                    raise _malformed("events without credit")
                self._events.append(reply["event"])
            elif reply["id"] == self._last_id or (reply["id"] == 0 and "error" in reply):
                if "error" in reply:
                    raise error_of(reply["error"])
                return reply["ok"]

    def next_event(self, deadline: float) -> Optional[dict]:
        """The body of the next event; None at the deadline."""
        if self._events:
            return self._events.popleft()
        while True:
            reply = self._receive(deadline)
            if reply is None:
                return None
            if "event" in reply:
                return reply["event"]

    def _send(self, message: dict) -> None:
        payload = msgpack.packb(message, use_bin_type=True)
        if len(payload) > FRAME_BYTES_MAX:
            raise DevdError("too_large", f"the request has {len(payload)} bytes; "
                                         f"at most {FRAME_BYTES_MAX}")
        try:
            self._socket.send(payload, zmq.DONTWAIT)
        except zmq.Again:
            self._look_at_monitor()
            if self.lost:
                raise ConnectionLost("link_lost", "the connection to devd ended",
                                     reaction="reconnect") from None
            raise DevdError("retry_later", "devd does not take requests",
                            reaction="retry_later") from None

    def _receive(self, deadline: float) -> Optional[dict]:
        while True:
            try:  # what came before the end is still handed over
                payload = self._socket.recv(zmq.DONTWAIT)
            except zmq.Again:
                self._look_at_monitor()
                if self.lost:
                    raise ConnectionLost("link_lost", "the connection to devd ended",
                                         reaction="reconnect", effect="unknown") from None
                if not self._poll(deadline):
                    return None
                continue
            return self._read(payload)

    @staticmethod
    def _read(payload: bytes) -> dict:
        try:
            reply = msgpack.unpackb(payload, raw=False, max_str_len=FRAME_BYTES_MAX)
        except Exception as error:  # whatever a stranger's bytes do to the library
            raise _malformed(str(error)) from None
        if not isinstance(reply, dict) or reply.get("v") != PROTOCOL_VERSION:
            raise _malformed("another protocol")
        if not isinstance(reply.get("id"), int) or not {"ok", "error", "event"} & reply.keys():
            raise _malformed("no reply")
        return reply

    def _poll(self, deadline: float) -> bool:
        left_ms = (deadline - time.monotonic()) * 1000
        if left_ms <= 0:
            return False
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._monitor, zmq.POLLIN)
        poller.poll(max(int(left_ms), 1))
        return True

    def _next_monitor_event(self) -> tuple[Optional[int], int]:
        """What happened, and its number: a status or an errno."""
        if not self._monitor.poll(0):
            return None, 0
        message = zmq.utils.monitor.recv_monitor_message(self._monitor)
        return message["event"], message["value"]

    def _wait_connected(self, endpoint: str, deadline: float, encrypted: bool) -> None:
        failures = (zmq.EVENT_CLOSED, zmq.EVENT_CONNECT_RETRIED, zmq.EVENT_DISCONNECTED,
                    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
                    zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        while True:
            event, number = self._next_monitor_event()
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                return
            if event in failures and encrypted:
                raise _why_not_in(event, number, endpoint)
            if event in failures:
                raise NoDaemon(f"nobody answers at {endpoint}")
            if event is None and not self._poll(deadline):
                raise NoDaemon(f"no answer at {endpoint} within the time limit")

    def _look_at_monitor(self) -> None:
        while (event := self._next_monitor_event()[0]) is not None:
            if event in (zmq.EVENT_DISCONNECTED, zmq.EVENT_CLOSED):
                self.lost = True
