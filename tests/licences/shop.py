"""A vendor and a licence server for tests: the real licissue and the real licd in folders of their
own."""
from __future__ import annotations

import base64
import hashlib
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import time

import tillhost
from tillhost import messages
from tillhost.connection import Connection
from tillhost.errors import TillhostError

PROGRAMS = pathlib.Path(os.environ.get("TILLHOST_PROGRAMS", "build/release/bin"))
START_MAX = 30.0  # seconds


def run(*words, text: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in words], input=text, text=True,
                          capture_output=True, timeout=120)


class Vendor:
    """licissue on one folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder / "vendor"
        self._passphrase = folder / "passphrase"
        self._passphrase.write_text("of the test\n")
        self.work = folder / "mail"
        self.work.mkdir()
        self.ask("init", self.folder, "--name", "Example", "--product", "till")

    def ask(self, *words, good: bool = True) -> str:
        made = run(PROGRAMS / "licissue", "--passphrase-file", self._passphrase, "--dir",
                   self.folder, *words)
        assert (made.returncode == 0) == good, made.stderr
        return made.stdout if good else made.stderr

    @property
    def root(self) -> str:
        return (self.folder / "root.crt").read_text()

    def key(self, *lines: str, serial: str = "4410-0093-7721", slots: int = 2,
            policy: str = "tolerant") -> tuple[str, list[str]]:
        """The text of a blank key, and its PINs."""
        out = self.work / f"{serial}.dongle"
        words = [word for line in lines for word in ("--line", line)]
        told = self.ask("key", "new", "--product", "till", "--slots", slots, "--serial", serial,
                        "--weak", "allow", "--policy", policy, "--out", out, *words)
        pins = [word for word in told.split() if len(word) == 19 and word.count("-") == 3]
        assert len(pins) == slots, told
        return out.read_text(), pins

    def dongle_key(self, enrolment: dict, makers: pathlib.Path, model: str, *lines: str,
                   serial: str, grace_s: int = 600, good: bool = True, more: tuple = ()) -> str:
        """The text of a key of that dongle, or why there is none."""
        asked = self.work / "enrolment.json"
        asked.write_text(json.dumps(enrolment))
        out = self.work / f"{serial}.dongle"
        words = [word for line in lines for word in ("--line", line)]
        told = self.ask("key", "new", "--product", "till", "--serial", serial, "--out", out,
                        "--dongle", asked, "--attestation-roots", makers, "--aaguid", model,
                        "--dongle-grace-s", grace_s, *more, *words, good=good)
        return out.read_text() if good else told

    def revised(self, serial: str, *lines: str) -> str:
        """The next revision of a dongle's key."""
        out = self.work / f"{serial}.dongle"
        words = [word for line in lines for word in ("--line", line)]
        self.ask("key", "revise", serial, "--out", out, *words)
        return out.read_text()

    def signed_anew(self, key: str, old: str, new: str) -> str:
        """A key in which something was changed, with the last line signed by the issuing authority
        after that: by OpenSSL's tool, since licissue makes no such keys."""
        head, end = key.replace(old, new, 1).split("\nEND ", 1)
        above = head + "\n"
        lines = end.split(" ", 1)[0]
        last = f"END {lines} sha256={hashlib.sha256(above.encode()).hexdigest()}"
        message = self.work / "signed"
        message.write_text("licd-file-1\n" + above + last)
        secret = next((self.folder / "issuers").glob("*.key"))
        signature = subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-inkey", secret, "-passin", "pass:of the test",
             "-rawin", "-in", message], capture_output=True, check=True).stdout
        return (above + last + " ~ " + base64.b64encode(signature).decode() +
                "\n-----END LICD KEY-----\n")

    def answer(self, request: str, good: bool = True) -> str:
        """The text of the answer, or why there is none."""
        asked = self.work / "request.lreq"
        asked.write_text(request)
        out = self.work / "answer.lact"
        out.unlink(missing_ok=True)
        told = self.ask("answer", asked, "--out", out, good=good)
        return out.read_text() if good else told


def in_namespace(*words: str) -> list[str]:
    """What runs a command in namespaces of its own, where it may mount and name the machine."""
    rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", "--mount", "--uts", *rights, *words]


def as_machine(name: str, folder: pathlib.Path) -> list[str]:
    """What runs a command as on a machine of that name and an id of its own."""
    machine_id = folder / "machine-id"
    machine_id.write_text(hashlib.sha256(name.encode()).hexdigest()[:32] + "\n")
    script = 'mount --bind "$1" /etc/machine-id && hostname "$2" && shift 2 && exec "$@"'
    return in_namespace("sh", "-c", script, "sh", str(machine_id), name)


class Server:
    """licd of its own, and an administrator's connection to it. With a machine's name it believes
    to be on that one."""

    def __init__(self, folder: pathlib.Path, roots: list[str], config: str = "",
                 machine: str = "") -> None:
        if "[[web]]" not in config:
            config += '[[web]]\non = "no"\n'  # several of them run on one machine
        folder.mkdir(exist_ok=True)
        self.config = folder / "config"
        self.runtime = folder / "run"
        self.state = folder / "state"
        for one in (self.config, self.runtime, self.state, self.config / "roots"):
            one.mkdir(exist_ok=True)
        for number, root in enumerate(roots):
            (self.config / "roots" / f"{number}.crt").write_text(root)
        (self.config / "licd.toml").write_text(config)
        self.log = folder / "licd.log"
        self.endpoint = f"ipc://{self.runtime}/licd.sock"
        self.process: subprocess.Popen | None = None
        self.machine = machine
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "TILLHOST_RUNTIME_DIR": str(self.runtime),
                       "TILLHOST_STATE_DIR": str(self.state)}
        words = as_machine(self.machine, self.config.parent) if self.machine else []
        words += [str(PROGRAMS / "licd"), "--config", str(self.config)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(words, env=environment, stderr=log,
                                            stdin=subprocess.DEVNULL)
        self.ask("licence_keys", {})

    def ask(self, kind: str, body: dict) -> dict:
        """Also waits for a server that is starting."""
        until = time.monotonic() + START_MAX
        while True:
            try:
                connection = Connection(self.endpoint, time.monotonic() + 5)
                break
            except Exception:  # noqa: BLE001: it is starting
                assert self.process.poll() is None, self.log.read_text()
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        try:
            return connection.call(kind, body, time.monotonic() + 10)
        finally:
            connection.close()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=30)

    def key(self, serial: str = "4410-0093-7721") -> dict:
        return next(one for one in self.ask("licence_keys", {})["keys"]
                    if one["serial"] == serial)

    def setting(self, name: str) -> dict:
        return next(one for one in self.ask("licence_settings", {})["settings"]
                    if one["name"] == name)

    def load(self, text: str) -> dict:
        return self.ask("load_licence_file", {"text": text})

    def request(self, pin: str, serial: str = "4410-0093-7721") -> str:
        return self.ask("activate_licence", {"serial": serial, "pin": pin})["text"]

    def activate(self, vendor: Vendor, *lines: str, serial: str = "4410-0093-7721") -> None:
        key, pins = vendor.key(*lines, serial=serial)
        self.load(key)
        self.load(vendor.answer(self.request(pins[0], serial)))

    def used(self, licence: str, serial: str = "4410-0093-7721") -> int:
        line = next(one for one in self.key(serial)["lines"] if one["name"] == licence)
        return line.get("used", 0)


class Dongles:
    """devd with one device "token", behind which devsim plays a FIDO2 token."""

    RP = "licence.example"

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        for name in ("config/devices.d", "run", "state", "memory"):
            (folder / name).mkdir(parents=True)
        (folder / "config/devd.toml").write_text('log = "info"\n')
        (folder / "config/devices.d/token.toml").write_text(
            f'driver = "dongle/fido2"\nport = "pty:{folder}/token.tty"\n')
        self.endpoint = f"ipc://{folder}/run/devd.sock"
        self.log = folder / "devd.log"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(folder / "notify"))
        self._notify.settimeout(START_MAX)
        self.devsim = subprocess.Popen(
            [PROGRAMS / "devsim", "dongle/fido2", "--pty", folder / "token.tty", "--state",
             folder / "memory", "--control", folder / "token.ctl", "--serial", "TK0001"],
            stdout=subprocess.PIPE, text=True)
        assert self.devsim.stdout.readline().startswith("ready ")
        self.devd: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "TILLHOST_RUNTIME_DIR": str(self.folder / "run"),
                       "TILLHOST_STATE_DIR": str(self.folder / "state"),
                       "NOTIFY_SOCKET": str(self.folder / "notify")}
        with self.log.open("a") as log:
            self.devd = subprocess.Popen([PROGRAMS / "devd", "--config", self.folder / "config"],
                                         env=environment, stderr=log)
        while self._notify.recv(4096) != b"READY=1":
            pass

    def kill(self) -> None:
        self.devd.kill()
        self.devd.wait()

    def close(self) -> None:
        for process in (self.devd, self.devsim):
            process.kill()
            process.wait()
        self.devsim.stdout.close()
        self._notify.close()

    def ctl(self, *words: str) -> dict:
        ran = subprocess.run([PROGRAMS / "devsim", "ctl", self.folder / "token.ctl", *words,
                              "--json"], check=True, capture_output=True, text=True)
        return json.loads(ran.stdout)

    def pull(self) -> None:
        """Pulls the token out. Nobody tells devd of a pseudo-terminal; it sees it when it asks."""
        self.ctl("power", "off")
        with tillhost.connect("person", endpoint=self.endpoint) as client:
            try:
                client.query("token", messages.StatusQuery(), deadline=START_MAX)
            except TillhostError:
                return
        raise AssertionError("the token answers without power")

    def plug(self) -> None:
        self.ctl("power", "on")

    def enrol(self, owner: str) -> dict:
        """What the vendor's person at the counter does; the file that licissue reads."""
        challenge = secrets.token_bytes(32)
        digest = hashlib.sha256(challenge).digest()
        with tillhost.connect("vendor", endpoint=self.endpoint) as client:
            until = time.monotonic() + START_MAX
            while client.status("token").state is not messages.DeviceState.ready:
                assert time.monotonic() < until, self.log.read_text()
                time.sleep(0.05)
            done = client.carry_out(
                "token", messages.EnrolDongle(rp=self.RP, owner=owner, challenge_hash=digest),
                tillhost.make_operation_id(), deadline=START_MAX)
        assert done.state is messages.OperationState.done, done.error
        made = done.result
        text = lambda data: base64.b64encode(data).decode()  # noqa: E731
        return {"version": 1, "rp": self.RP, "owner": owner, "challenge": text(challenge),
                "challenge_hash": text(digest), "credential": text(made.credential),
                "authenticator_data": text(made.authenticator_data), "format": made.format,
                "algorithm": made.algorithm, "signature": text(made.signature),
                "certificates": [text(one) for one in made.certificates]}
