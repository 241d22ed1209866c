"""The programs of a simulated day: registrars, terminal, devd, sumpd, an accounting system, phones.
Each is a process that can be killed and started again."""
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import zlib

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "ipc/client/python/test"))

from counter import PROGRAMS, Counter, free_port  # noqa: E402

READY_S = 60
PASSWORD = "day-of-a-shop-0037"
DARK_ON_LIGHT = re.compile(r"\x1b\[30;107m(.*?)\x1b\[0m")
HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}  # dark above, dark below
MODULE_PIXELS = 6


class Failure(RuntimeError):
    """The day cannot go on, or did not come to its end."""


def wait_for(what, until, deadline_s=READY_S, pause_s=0.1):
    """The first true answer of `until`; Failure after the time."""
    end = time.monotonic() + deadline_s
    while True:
        answer = until()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {deadline_s} s")
        time.sleep(pause_s)


def png_of(rows):
    """A grey PNG of rows of modules, 1 = dark."""
    width = len(rows[0]) * MODULE_PIXELS
    lines = bytearray()
    for row in rows:
        line = b"\0" + b"".join(bytes([0 if dark else 255]) * MODULE_PIXELS for dark in row)
        lines += line * MODULE_PIXELS

    def chunk(kind, data):
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    size = width.to_bytes(4, "big") + (len(rows) * MODULE_PIXELS).to_bytes(4, "big")
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + bytes([8, 0, 0, 0, 0])) +
            chunk(b"IDAT", zlib.compress(bytes(lines))) + chunk(b"IEND", b""))


def picture_of(printed):
    """What a terminal shows of a QR code: half blocks, black on white. Nothing is known of its
    text; a wrong block would spoil the picture."""
    rows = []
    for line in DARK_ON_LIGHT.findall(printed):
        halves = [HALVES[block] for block in line]
        rows += [[above for above, _ in halves], [below for _, below in halves]]
    return png_of(rows)


class Simulator:
    """A devsim service: started again after kill -9 with the same words."""

    def __init__(self, folder, name, words):
        self.name, self.words = name, words
        self.control = folder / f"{name}.ctl"
        self.log = folder / f"{name}.log"
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAMS / "devsim", *self.words, "--control", self.control],
                stdout=subprocess.PIPE, stderr=log, text=True)
        if not self.process.stdout.readline().startswith("ready "):
            raise Failure(f"{self.name}: {self.log.read_text()}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, command, name="", **keys):
        request = {"command": command}
        if name:
            request.update(name=name, keys={key: str(value) for key, value in keys.items()})
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(READY_S)
            control.connect(str(self.control))
            control.sendall(json.dumps(request).encode() + b"\n")
            with control.makefile() as lines:
                answer = json.loads(lines.readline())
        if not answer["ok"]:
            raise Failure(f"{self.name} {command} {name}: {answer['error']}")
        return answer

    def act(self, name, **keys):
        return self.ask("do", name, **keys)


class Accounting(Simulator):
    """The accounting system; acts are waited for."""

    def act(self, name, deadline_s=600, **keys):
        job = super().act(name, **keys)["job"]
        last = wait_for(f"accounting: {name}", lambda: self.ended(job), deadline_s)
        return last

    def ended(self, job):
        last = self.ask("state")["state"]["last"]
        return last if last.get("job", 0) >= job else None


class Shop(Counter):
    """A counter with sumpd beside it."""

    def __init__(self, registrars=("kassa1", "kassa2"), terminal=True):
        self.sumpd = None
        self.api_port = free_port()
        super().__init__(devices=(), terminal=False)
        try:
            self.set_up(registrars, terminal)
        except BaseException:
            self.close()
            raise

    def set_up(self, registrars, terminal):
        for number, name in enumerate(registrars, 1):
            port = f"pty:{self.folder}/{name}.tty"
            self.configure(name, f'driver = "fiscal/toy"\nport = "{port}"\n')
            self.start_simulator(name, "fiscal/toy", "--pty", self.folder / f"{name}.tty",
                                 "--serial", f"TOY{number:05}")
        if terminal == "manual":
            self.configure("pos", 'driver = "payment/manual"\n[settings]\n'
                                  'terminal_id = "65000123"\nconfirm_above_minor = 1\n')
        elif terminal:
            address = f"127.0.0.1:{free_port()}"
            self.configure("pos", f'driver = "payment/zvt"\nport = "tcp:{address}"\n'
                                  '[settings]\ncurrency = "RUB"\n')
            self.start_simulator("pos", "payment/zvt", "--tcp", address, "--currency", "RUB",
                                 "--card-ms", "20", "--host-ms", "20")
        self.kill_devd()
        self.start_devd()
        self.password = self.folder / "erp.password"
        self.password.write_text(PASSWORD + "\n")
        self.password.chmod(0o600)
        self.url = f"https://localhost:{self.api_port}"
        (self.folder / "config/sumpd.toml").write_text(
            f'name = "Shop 12"\nlog = "notice"\n[[api]]\nport = "{self.api_port}"\n'
            f'[[exchange]]\nnode = "central"\nlogin = "erp"\npassword_file = "{self.password}"\n'
            f'[[devices]]\nendpoint = "{self.endpoint}"\n'
            'registrar = "kassa1"\nterminal = "pos"\n')
        self.start_sumpd()

    def start_sumpd(self):
        environment = {name: value for name, value in self.environment.items()
                       if name != "NOTIFY_SOCKET"}
        with open(self.folder / "sumpd.log", "ab") as log:
            self.sumpd = subprocess.Popen([PROGRAMS / "sumpd", "--config", self.folder / "config"],
                                          env=environment, stderr=log)
        wait_for("sumpd", self.listens)

    def listens(self):
        if self.sumpd.poll() is not None:
            raise Failure("sumpd ended: " + (self.folder / "sumpd.log").read_text()[-2000:])
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.api_port)) == 0

    def kill_sumpd(self):
        self.sumpd.kill()
        self.sumpd.wait()

    def invite(self):
        """The text of a QR code, as zbarimg reads it from a picture of what was printed."""
        printed = subprocess.run(
            [PROGRAMS / "sumpd", "--config", self.folder / "config", "--invite"], check=True,
            env=self.environment, capture_output=True, text=True).stdout
        picture = self.folder / "code.png"
        picture.write_bytes(picture_of(printed))
        seen = subprocess.run(["zbarimg", "-q", "--raw", picture], check=True,
                              capture_output=True, text=True).stdout.strip()
        told = next(line for line in printed.splitlines() if line.startswith("sump://"))
        if seen != told:
            raise Failure(f"the picture says {seen}, sumpd says {told}")
        return seen

    def accounting(self, *words, state="accounting"):
        pin = re.search(r"[?&]p=([0-9a-f]{64})", self.invite()).group(1)
        return Accounting(self.folder, state, [
            "services/accounting", "--url", self.url, "--pin", pin, "--password-file",
            self.password, "--state", self.folder / state, *words])

    def phone(self, number, people, *words):
        """One phone in a process of its own, not started, with an invitation."""
        codes = self.folder / f"code-{number}"
        codes.write_text(self.invite() + "\n")
        return Simulator(self.folder, f"phone-{number}", [
            "services/apps", "--first", str(number), "--codes", codes, "--people", people,
            "--state", self.folder / "phones", *words])

    def close(self):
        if self.sumpd is not None:
            self.kill_sumpd()
        super().close()
