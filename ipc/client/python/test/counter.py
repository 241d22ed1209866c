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

PROGRAMS = pathlib.Path(os.environ["TILLHOST_PROGRAMS"])
EXAMPLES = pathlib.Path(__file__).parents[4] / "docs" / "examples"
READY_TIME_MAX = 20


class Counter:
    """Everything lies in a folder of its own and ends with it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tillhost-"))
        for name in ("config/devices.d", "run", "state", "memory"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "config/devd.toml").write_text('log = "info"\n')
        (self.folder / "config/devices.d/kassa.toml").write_text(
            f'driver = "fiscal/toy"\nport = "pty:{self.folder}/kassa.tty"\n')
        self.endpoint = f"ipc://{self.folder}/run/devd.sock"
        self.environment = {**os.environ, "TILLHOST_RUNTIME_DIR": str(self.folder / "run"),
                            "TILLHOST_STATE_DIR": str(self.folder / "state"),
                            "NOTIFY_SOCKET": str(self.folder / "notify")}
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(self.environment["NOTIFY_SOCKET"])
        self._notify.settimeout(READY_TIME_MAX)
        self.devd = None
        self.simulator = subprocess.Popen(
            [PROGRAMS / "devsim", "fiscal/toy", "--pty", self.folder / "kassa.tty", "--state",
             self.folder / "memory", "--control", self.folder / "kassa.ctl"],
            stdout=subprocess.PIPE, text=True)
        assert self.simulator.stdout.readline().startswith("ready ")
        self.start_devd()

    def start_devd(self):
        self.devd = subprocess.Popen([PROGRAMS / "devd", "--config", self.folder / "config"],
                                     env=self.environment, stderr=subprocess.DEVNULL)
        while self._notify.recv(4096) != b"READY=1":
            pass

    def kill_devd(self):
        self.devd.kill()
        self.devd.wait()

    def close(self):
        for process in (self.devd, self.simulator):
            process.kill()
            process.wait()
        self.simulator.stdout.close()
        self._notify.close()
        shutil.rmtree(self.folder)

    def connect(self, name="test", **options):
        return tillhost.connect(name, endpoint=self.endpoint, **options)

    def ctl(self, *words):
        ran = subprocess.run([PROGRAMS / "devsim", "ctl", self.folder / "kassa.ctl", *words,
                              "--json"], check=True, capture_output=True, text=True)
        return json.loads(ran.stdout)

    def documents(self):
        """What the registrar's memory holds."""
        return self.ctl("documents")["documents"]

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


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()
