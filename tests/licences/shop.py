"""A vendor and a licence server for tests: the real licissue and the real licd in folders of their
own."""
from __future__ import annotations

import hashlib
import os
import pathlib
import signal
import subprocess
import time

from tillhost.connection import Connection

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
