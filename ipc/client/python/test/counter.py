"""A counter of real processes: devsim with a toy registrar "kassa", devd, and programs."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import tillhost
from tillhost import messages as m

PROGRAMS = pathlib.Path(os.environ["TILLHOST_PROGRAMS"])
EXAMPLES = pathlib.Path(__file__).parents[4] / "docs" / "examples"
READY_TIME_MAX = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Counter:
    """Everything lies in a folder of its own and ends with it. `devices`: ids of toy registrars;
    with `terminal` a ZVT terminal "pos"; with nothing of both devd alone."""

    runner = ()  # program and words by which every process is started, such as `ip netns exec A`

    def __init__(self, devices=("kassa",), terminal=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tillhost-"))
        for name in ("config/devices.d", "run", "state", "memory"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "config/devd.toml").write_text('log = "info"\n')
        self.endpoint = f"ipc://{self.folder}/run/devd.sock"
        self.environment = {**os.environ, "TILLHOST_RUNTIME_DIR": str(self.folder / "run"),
                            "TILLHOST_STATE_DIR": str(self.folder / "state"),
                            "TILLHOST_HOSTS_DIR": str(self.folder / "hosts"),
                            "NOTIFY_SOCKET": str(self.folder / "notify")}
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(self.environment["NOTIFY_SOCKET"])
        self._notify.settimeout(READY_TIME_MAX)
        self.devd = None
        self.simulators = {}
        for device in devices:
            self.configure(
                device, f'driver = "fiscal/toy"\nport = "pty:{self.folder}/{device}.tty"\n')
            self.start_simulator(device)
        if terminal:
            self.terminal = f"127.0.0.1:{free_port()}"
            self.configure("pos", f'driver = "payment/zvt"\nport = "tcp:{self.terminal}"\n')
            self.start_simulator("pos", "payment/zvt", "--tcp", self.terminal)
        self.start_devd()

    def configure(self, device, text):
        (self.folder / f"config/devices.d/{device}.toml").write_text(text)

    def start_simulator(self, device, family="fiscal/toy", *line):
        (self.folder / "memory" / device).mkdir(exist_ok=True)
        simulator = subprocess.Popen(
            [*self.runner, PROGRAMS / "devsim", family,
             *(line or ("--pty", self.folder / f"{device}.tty")),
             "--state", self.folder / "memory" / device,
             "--control", self.folder / f"{device}.ctl"], stdout=subprocess.PIPE, text=True)
        assert simulator.stdout.readline().startswith("ready ")
        self.simulators[device] = simulator

    def start_devd(self):
        self.devd = subprocess.Popen([*self.runner, PROGRAMS / "devd", "--config",
                                      self.folder / "config"], env=self.environment,
                                     stderr=subprocess.DEVNULL)
        while self._notify.recv(4096) != b"READY=1":
            pass

    def kill_devd(self):
        self.devd.kill()
        self.devd.wait()

    def close(self):
        for process in (self.devd, *self.simulators.values()):
            process.kill()
            process.wait()
        for simulator in self.simulators.values():
            simulator.stdout.close()
        self._notify.close()
        shutil.rmtree(self.folder)

    def connect(self, name="test", **options):
        return tillhost.connect(name, endpoint=self.endpoint, **options)

    def ctl(self, *words, device="kassa"):
        ran = subprocess.run([PROGRAMS / "devsim", "ctl", self.folder / f"{device}.ctl", *words,
                              "--json"], check=True, capture_output=True, text=True)
        return json.loads(ran.stdout)

    def documents(self, device="kassa"):
        """What the registrar's memory holds."""
        return self.ctl("documents", device=device)["documents"]

    def start(self, program, *words):
        """One of our programs, as a process."""
        return subprocess.Popen([PROGRAMS / program, *words], env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def start_till(self):
        """The example program, as a process."""
        return self.start(sys.executable, EXAMPLES / "till.py", "kassa", self.folder / "journal")


def run_till(counter):
    """The example to its end: exit status, standard output, standard error."""
    till = counter.start_till()
    out, err = till.communicate(timeout=120)
    return till.returncode, out, err


def tea(price=12_000):
    line = m.ReceiptLine(name="Tea", price_minor=price, quantity_units=1, vat=m.Vat.no_vat)
    return m.Receipt(kind=m.ReceiptKind.sale, lines=[line],
                     payments=[m.Payment(kind=m.PaymentKind.cash, amount_minor=price)])


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


class NetworkCounter(Counter):
    """A counter that is on the network, and a folder for what a workstation keeps."""

    address = "127.0.0.1"  # where it listens

    def __init__(self, *devices, **options):
        self.port, self.pairing_port = free_port(), free_port()
        self.config = getattr(self, "config", "")  # besides, of devd.toml
        super().__init__(*devices, **options)

    @property
    def hosts(self):
        return self.folder / "hosts"

    def start_devd(self):
        (self.folder / "config/devd.toml").write_text(
            self.config + f'[network]\nlisten = "tcp://{self.address}:{self.port}"\n'
            f'pairing_port = {self.pairing_port}\nname = "shop-server"\n')
        super().start_devd()

    def tillctl(self, *words, good=True):
        done = subprocess.run([*self.runner, PROGRAMS / "tillctl", *words], text=True,
                              env=self.environment, capture_output=True, check=False)
        assert (done.returncode == 0) == good, done.stdout + done.stderr
        return done.stdout + done.stderr

    def code(self, *words):
        told = self.tillctl("pair", *words)
        return next(line.split()[-1] for line in told.splitlines() if "--with HOST" in line)

    def pair(self, name, *words):
        return self.tillctl("pair", "--with", f"127.0.0.1:{self.pairing_port}",
                            self.code(name, *words), "--save-as", name)
