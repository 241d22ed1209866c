"""sumpd of its own for tests, the phones that talk JSON to it and an accounting system that talks
any of the three encodings: the real program over TLS, nothing inside of it is known here."""
from __future__ import annotations

import base64
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse
import uuid

PROGRAMS = pathlib.Path(os.environ.get("TILLHOST_PROGRAMS", "build/release/bin"))
START_MAX = 30.0  # seconds
ANSWER_MAX = 60.0
NODE = "central"
LOGIN = "erp"
PASSWORD = "a password of the test"


def free_port() -> int:
    """Below those that the kernel gives to connections: a server that is started anew finds it."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Refused(Exception):
    """An answer that is a fault."""

    def __init__(self, status: int, fault: dict) -> None:
        super().__init__(f"{status} {fault.get('code')}: {fault.get('message')}")
        self.status = status
        self.fault = fault
        self.code = fault.get("code", "")


class Lost(Exception):
    """No answer came: the request may have been carried out."""


class Server:
    """sumpd on a folder of its own."""

    def __init__(self, folder: pathlib.Path, config: str = "",
                 environment: dict | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.environment = environment or {}
        self.config = folder / "config"
        self.state = folder / "state"
        self.config.mkdir(exist_ok=True)
        self.state.mkdir(exist_ok=True)
        secret = folder / "erp.password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        self.port = free_port()
        (self.config / "sumpd.toml").write_text(
            f'name = "Shop of the test"\nlog = "info"\n[[api]]\nport = "{self.port}"\n'
            f'[[exchange]]\nnode = "{NODE}"\nlogin = "{LOGIN}"\npassword_file = "{secret}"\n'
            + config)
        self.log = folder / "sumpd.log"
        self.process: subprocess.Popen | None = None

    def _environment(self) -> dict:
        return {**os.environ, "TILLHOST_STATE_DIR": str(self.state), **self.environment}

    def start(self) -> "Server":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([PROGRAMS / "sumpd", "--config", self.config],
                                            env=self._environment(), stdout=log, stderr=log)
        end = time.monotonic() + START_MAX
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, "sumpd does not answer"
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        try:
            return self.line().call("GET", "/healthz").status == 204
        except (OSError, Lost, FileNotFoundError):
            return False

    def stop(self, how: int = signal.SIGTERM) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(how)
        return process.wait(timeout=30)

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def certificate(self) -> pathlib.Path:
        return self.state / "sumpd" / "api.crt"

    def line(self, authorization: str = "") -> "Line":
        return Line(self, authorization)

    def accounting_line(self) -> "Line":
        pair = base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
        return self.line(f"Basic {pair}")

    def command_line(self, *words: str) -> subprocess.CompletedProcess:
        """What sumpd does beside the one that runs."""
        return subprocess.run([PROGRAMS / "sumpd", "--config", self.config, *words],
                              env=self._environment(), capture_output=True, text=True, timeout=60)

    def order(self, *words: str) -> str:
        made = self.command_line(*words)
        assert made.returncode == 0, made.stderr
        return made.stdout

    def invite(self, *words: str) -> dict:
        """What the QR code says."""
        told = self.order("--invite", *words)
        text = re.search(r"^sump://enroll\?(\S+)$", told, re.M)
        assert text, told
        return dict(urllib.parse.parse_qsl(text.group(1)))


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self) -> dict:
        return json.loads(self.body)


class Line:
    """One connection, made again when it is gone. It trusts the server's own certificate only."""

    def __init__(self, server: Server, authorization: str = "") -> None:
        self.server = server
        self.authorization = authorization
        self._connection: http.client.HTTPSConnection | None = None

    def call(self, method: str, path: str, body: bytes | None = None,
             headers: dict | None = None) -> Answer:
        """Lost if no answer came."""
        sent = dict(headers or {})
        if self.authorization:
            sent["Authorization"] = self.authorization
        try:
            if self._connection is None:
                context = ssl.create_default_context(cafile=str(self.server.certificate()))
                self._connection = http.client.HTTPSConnection(
                    "localhost", self.server.port, context=context, timeout=ANSWER_MAX)
            self._connection.request(method, path, body, sent)
            return Answer(self._connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            self._connection = None
            raise Lost(str(error)) from error

    def ask(self, method: str, path: str, record: dict | None = None) -> dict:
        """One operation in JSON. Refused or Lost."""
        body = None if record is None else json.dumps(record).encode()
        answer = self.call(method, path, body, {"Content-Type": "application/json"})
        if answer.status != 200:
            raise Refused(answer.status, answer.json())
        return answer.json()


def moment(seconds: float | None = None) -> str:
    at = time.gmtime(time.time() if seconds is None else seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S.000+00:00", at)


class Phone:
    """An app that keeps its documents until the server has said that they are stored."""

    def __init__(self, server: Server, install_id: str) -> None:
        self.server = server
        self.install_id = install_id
        self.seq = 0
        self.queue: list[dict] = []
        self.sent: list[str] = []
        self.line = server.line()
        self.key = ""

    def enroll(self, invitation: dict | None = None) -> dict:
        told = invitation or self.server.invite()
        answer = self.server.line().ask("POST", "/v1/app/enroll", {
            "token": told["t"], "installId": self.install_id, "model": "Phone", "os": "Android 14",
            "appName": "cashier", "appVersion": "1.0"})
        self.key = answer["deviceKey"]
        self.seq = max(self.seq, answer.get("lastSeq", 0))
        self.line = self.server.line(f"Bearer {self.key}")
        return answer

    def login(self, login: str, password: str, **more: str) -> dict:
        answer = self.server.line().ask("POST", "/v1/app/login", {
            "deviceKey": self.key, "login": login, "password": password, **more})
        self.line = self.server.line(f"Bearer {answer['session']}")
        return answer

    def sell(self, goods: str = "g1", price: str = "100.00") -> dict:
        """Makes a receipt and queues it."""
        self.seq += 1
        document = {
            "docId": str(uuid.uuid4()), "deviceSeq": self.seq, "schemaVersion": 1,
            "createdAt": moment(), "userId": "u1",
            "body": {"receipt": {
                "number": str(self.seq), "shift": "1", "type": "sale", "storeId": "s1",
                "line": [{"goods": {"goodsId": goods}, "qty": "1.000", "price": price,
                          "discount": "0.00", "sum": price, "vat": "vat20"}],
                "payment": [{"typeId": "cash", "amount": price}],
                "total": price, "discountsOffline": False}}}
        self.queue.append(document)
        return document

    def deliver(self) -> dict:
        """Sends all that is queued; what is stored leaves the queue. Lost: it all stays."""
        answer = self.line.ask("POST", "/v1/app/documents", {"document": self.queue})
        settled = {one["docId"] for one in answer["result"]
                   if one["status"] in ("stored", "duplicate")}
        self.sent += [one["docId"] for one in self.queue if one["docId"] in settled]
        self.queue = [one for one in self.queue if one["docId"] not in settled]
        return answer
