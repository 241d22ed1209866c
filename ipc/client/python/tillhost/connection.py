"""One connection to devd: numbered requests, replies, events. It ends once and for good."""
from __future__ import annotations

import collections
import re
import time
from typing import Any, Optional

import msgpack
import zmq
import zmq.utils.monitor

from tillhost.errors import ConnectionLost, DevdError, NoDaemon, TillhostError

PROTOCOL_VERSION = 1
FRAME_BYTES_MAX = 1024 * 1024
QUEUED_MESSAGES_MAX = 1000
HEARTBEAT_MS = 5_000
HEARTBEAT_TIMEOUT_MS = 15_000
#: devd answers at the deadline; its answer needs a moment to arrive.
REPLY_GRACE = 2.0
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


class Connection:
    """Made by connecting. NoDaemon if nobody is there."""

    def __init__(self, endpoint: str, deadline: float) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        for option, value in _OPTIONS:
            self._socket.setsockopt(option, value)
        self._monitor = self._socket.get_monitor_socket()
        self._monitor.setsockopt(zmq.LINGER, 0)
        self._last_id = 0
        self._events: collections.deque = collections.deque()
        self.lost = False
        try:
            self._socket.connect(endpoint)
            self._wait_connected(endpoint, deadline)
        except zmq.ZMQError as error:
            self.close()
            raise NoDaemon(f"{endpoint}: {error}") from None
        except NoDaemon:
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

    def _next_monitor_event(self) -> Optional[int]:
        if not self._monitor.poll(0):
            return None
        return zmq.utils.monitor.recv_monitor_message(self._monitor)["event"]

    def _wait_connected(self, endpoint: str, deadline: float) -> None:
        failures = (zmq.EVENT_CLOSED, zmq.EVENT_CONNECT_RETRIED, zmq.EVENT_DISCONNECTED,
                    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
                    zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        while True:
            event = self._next_monitor_event()
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                return
            if event in failures:
                raise NoDaemon(f"nobody answers at {endpoint}")
            if event is None and not self._poll(deadline):
                raise NoDaemon(f"no answer at {endpoint} within the time limit")

    def _look_at_monitor(self) -> None:
        while (event := self._next_monitor_event()) is not None:
            if event in (zmq.EVENT_DISCONNECTED, zmq.EVENT_CLOSED):
                self.lost = True
