"""How a program finds a licence server: addresses, the search by UDP, pinned servers.

The packets are those of docs/formats/licence-discovery.md, the file of pins that of
docs/formats/licence-pins.md. Python's standard library has no Ed25519: the signature of an answer
is not checked here, and the first connection to a server trusts what it hears; later ones are held
to the pinned key.
"""
from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import secrets
import socket
import tempfile
import time
import tomllib
from typing import Optional

from tillhost.errors import FieldError, NoDaemon, TillhostError

PORT = 15_200
QUERY_BYTES = 512
ANSWERS_TIME = 0.3
QUERIES_MAX = 3
SERVERS_MAX = 16
PINS_MAX = 64
KEY_CHARACTERS = 40
_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_SIGNATURE_BYTES = 64
_GROUP_BYTES_MAX = 32
_FIXED_BYTES = 92  # before the two texts of an answer


@dataclasses.dataclass(frozen=True)
class Server:
    address: str  # HOST:PORT
    curve_key: str = ""  # Z85; empty: it is asked for
    server_key: str = ""  # for leases, Z85
    name: str = ""
    group: str = ""
    load: int = 0


def key_text(key: bytes) -> str:
    """32 bytes in Z85 (ZeroMQ RFC 32)."""
    text = ""
    for at in range(0, len(key), 4):
        value, group = int.from_bytes(key[at:at + 4], "big"), ""
        for _ in range(5):
            value, digit = divmod(value, 85)
            group = _Z85[digit] + group
        text += group
    return text


def parse_servers(text: str) -> list[Server]:
    """HOST[:PORT][#KEY] with commas between. FieldError(servers)."""
    servers = []
    for part in text.split(","):
        address, _, key = part.strip().partition("#")
        host, _, port = address.partition(":")
        is_port = not port or (port.isdecimal() and 0 < int(port) < 65_536)
        is_key = not key or len(key) == KEY_CHARACTERS
        if not host or " " in host or not is_port or not is_key or len(servers) == SERVERS_MAX:
            raise FieldError("servers", f"*LOCAL, *AUTO, or at most {SERVERS_MAX} of "
                                        f"HOST[:PORT][#KEY] with commas between, not '{part}'")
        servers.append(Server(f"{host}:{port or PORT}", key))
    return servers


def query(nonce: bytes, group: str) -> bytes:
    tag = group.encode()
    if len(tag) > _GROUP_BYTES_MAX:
        raise FieldError("group", f"at most {_GROUP_BYTES_MAX} bytes")
    return (b"licdqry1" + nonce + bytes([len(tag)]) + tag).ljust(QUERY_BYTES, b"\0")


def read_answer(packet: bytes, nonce: bytes, host: str) -> Optional[Server]:
    """None for what is no answer to that query. Its signature is not checked."""
    if len(packet) > QUERY_BYTES or packet[:8] != b"licdans1" or packet[8:24] != nonce:
        return None
    port, load = (int.from_bytes(packet[at:at + 2], "big") for at in (24, 26))
    curve_key, server_key = packet[28:60], packet[60:92]
    texts, rest = [], packet[_FIXED_BYTES:]
    for _ in range(2):
        if not rest or len(rest) <= rest[0]:
            return None
        texts.append(rest[1:1 + rest[0]].decode("utf-8", "replace"))
        rest = rest[1 + rest[0]:]
    if len(rest) != _SIGNATURE_BYTES or not port:
        return None
    return Server(f"{host}:{port}", key_text(curve_key), key_text(server_key), texts[1], texts[0],
                  load)


def ask(address: str, group: str, deadline: float) -> Server:
    """One host for its keys. NoDaemon."""
    host, _, port = address.rpartition(":")
    nonce = secrets.token_bytes(16)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            for _ in range(QUERIES_MAX):
                udp.sendto(query(nonce, group), (host, int(port)))
                until = min(deadline, time.monotonic() + ANSWERS_TIME)
                for answer in _answers(udp, nonce, until):
                    return dataclasses.replace(answer, address=address)
    except OSError as error:
        raise NoDaemon(f"{address}: {error}") from None
    raise NoDaemon(f"no licence server answers at {address} (UDP): is licd running there with its "
                   "network on, and no firewall between?")


def search(group: str, port: int, at: list[str]) -> list[Server]:
    """Everybody who answers within ANSWERS_TIME. `at`: addresses to ask; empty: this machine, and
    the broadcast address of the network that the default route leads to."""
    nonce = secrets.token_bytes(16)
    found: dict[str, Server] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for address in at or ("127.0.0.1", "255.255.255.255"):
            try:
                udp.sendto(query(nonce, group), (address, port))
            except OSError:
                continue  # a network that is not there has no server
        for answer in _answers(udp, nonce, time.monotonic() + ANSWERS_TIME):
            found.setdefault(answer.server_key + answer.curve_key, answer)
    return list(found.values())


def _answers(udp: socket.socket, nonce: bytes, until: float):
    while (left := until - time.monotonic()) > 0:
        udp.settimeout(left)
        try:
            packet, sender = udp.recvfrom(QUERY_BYTES + 1)
        except TimeoutError:
            return
        if answer := read_answer(packet, nonce, sender[0]):
            yield answer


def in_order(found: list[Server], pins: list[Server], group: str) -> list[Server]:
    """Only pinned ones if any server is pinned; those of the group first; by load."""
    known = {(pin.curve_key, pin.server_key) for pin in pins}
    usable = [one for one in found if not known or (one.curve_key, one.server_key) in known]
    return sorted(usable, key=lambda one: (one.group != group, one.load))


class Pins:
    """Servers that have lent something before. Without a path there are none and none is kept."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.servers: list[Server] = []

    def load(self) -> None:
        """config_invalid if the file is none of pins; one that is not there is empty."""
        self.servers = []
        if not self.path or not os.path.exists(self.path):
            return
        try:
            table = tomllib.loads(pathlib.Path(self.path).read_text(encoding="utf-8"))
            if table.get("format") != "1":
                raise ValueError('format = "1" is missing')
            self.servers = [Server(one["address"], one["curve_key"], one["server_key"],
                                   one.get("name", "")) for one in table.get("server", [])]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TillhostError("config_invalid", f"{self.path}: no file of pinned servers: "
                                f"{error}",
                                reaction="ask_operator") from None

    def of(self, address: str) -> Optional[Server]:
        return next((pin for pin in self.servers if pin.address == address), None)

    def keep(self, server: Server) -> None:
        if not self.path or self.of(server.address) == server:
            return
        self.load()
        kept = [pin for pin in self.servers if pin.address != server.address]
        lines = ["# Licence servers that have lent to this program. One that was set up anew: "
                 "remove its table.", 'format = "1"']
        for pin in [*kept, server][-PINS_MAX:]:
            lines += ["", "[[server]]"]
            lines += [f"{key} = {json.dumps(getattr(pin, key), ensure_ascii=False)}"
                      for key in ("address", "curve_key", "server_key", "name")]
        folder = os.path.dirname(os.path.abspath(self.path))
        handle, beside = tempfile.mkstemp(dir=folder)  # mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path)
        self.load()
