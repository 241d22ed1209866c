"""Those who mean harm, for tests: connections that say whatever they are told to, over TLS or not,
and requests without login for every operation of the frozen schemas."""
from __future__ import annotations

import contextlib
import functools
import json
import pathlib
import re
import select
import socket
import ssl
import struct

from shop import Server

PATIENCE = 20.0  # seconds; nothing waits so long unless something is broken
SCHEMA = pathlib.Path("sumpd/exchange/schema")
DEVICES = pathlib.Path("sumpd/webpos/schema/devices-1.openapi.json")
SPACE = "urn:sumpd:exchange:1"
UUID = "0190f5c4-6f6e-7cc1-9f0a-5b8c4d1e2f30"
DIGEST = "0" * 64
ENVELOPES = {"soap11": ("text/xml", "http://schemas.xmlsoap.org/soap/envelope/"),
             "soap12": ("application/soap+xml", "http://www.w3.org/2003/05/soap-envelope")}

# Requests that bring their secret along, with one that is nobody's.
OWN_SECRET = {
    "Enroll": {"Token": "te-" + "a" * 26, "InstallId": "x", "Model": "x", "Os": "x",
               "AppName": "x", "AppVersion": "1"},
    "Login": {"DeviceKey": "td-" + "a" * 52, "Login": "anna", "Password": "a good password"},
    "Roll": {"DeviceKey": "td-" + "a" * 52},
    "Revoke": {"DeviceKey": "td-" + "a" * 52},
}


@functools.cache
def trusting(certificate: str) -> ssl.SSLContext:
    """One for all: to make it takes longer than a handshake."""
    return ssl.create_default_context(cafile=certificate)


class Peer:
    """One connection. What the server does not read any more is not an error here: its answer
    is."""

    def __init__(self, server: Server, secure: bool = True, source: str = "127.0.0.1") -> None:
        self.line = socket.create_connection(("127.0.0.1", server.port), PATIENCE, (source, 0))
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if secure:
            context = trusting(str(server.certificate()))
            self.line = context.wrap_socket(self.line, server_hostname="localhost")

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.line.close()

    def say(self, text: str | bytes) -> bool:
        """False once the server has closed."""
        try:
            self.line.sendall(text if isinstance(text, bytes) else text.encode())
            return True
        except OSError:
            return False

    def hear(self) -> bytes:
        """Up to the end of the connection."""
        heard = b""
        with contextlib.suppress(OSError):
            while more := self.line.recv(65536):
                heard += more
        return heard

    def status(self) -> int:
        """Of the answer behind which the server closes; 0: it has closed without one."""
        line = re.match(rb"HTTP/1\.1 (\d{3}) ", self.hear())
        return int(line.group(1)) if line else 0

    def is_quiet(self) -> bool:
        return not select.select([self.line], [], [], 0)[0]

    def reset(self) -> None:
        """Goes without a word, as a phone that lost its net does not even do."""
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.line.close()


def post(head: str, path: str = "/xml") -> str:
    """The start of a request up to the end of its header; `head` are lines of it."""
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n"


def paths(file: pathlib.Path = SCHEMA / "exchange-1.openapi.json") -> list[tuple[str, str, str]]:
    """Operation, method and path of JSON, with something in each hole."""
    schema = json.loads(file.read_text())
    return [(told["operationId"], method.upper(), re.sub(r"\{(partNo)\}|\{\w+\}",
                                                         lambda m: "1" if m[1] else UUID, path))
            for path, methods in schema["paths"].items() for method, told in methods.items()]


def operations() -> list[str]:
    """Of the WSDL."""
    text = (SCHEMA / "exchange-1.wsdl").read_text()
    return re.findall(r'wsdl:operation name="(\w+)"><wsdl:input message', text)


def lowered(fields: dict) -> dict:
    return {name[0].lower() + name[1:]: value for name, value in fields.items()}


def element(operation: str, inside: str = "") -> str:
    return f'<{operation} xmlns="{SPACE}">{inside}</{operation}>'


def envelope(form: str, inside: str) -> tuple[str, bytes, dict]:
    """Path, body and headers of an element in one of the forms of XML."""
    if form == "raw":
        return "/xml", inside.encode(), {"Content-Type": "application/xml"}
    kind, space = ENVELOPES[form]
    body = f'<e:Envelope xmlns:e="{space}"><e:Body>{inside}</e:Body></e:Envelope>'
    return "/soap", body.encode(), {"Content-Type": kind}
