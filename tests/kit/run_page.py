#!/usr/bin/env python3
"""Claim: a page of docs whose commands are to be followed is true.
Shown by running every ```sh block of it, line by line: the exit status and the words behind `#`
must come out, and what a line starts in the background is waited for until it says "ready".

usage: run_page.py PAGE PROGRAMS        PROGRAMS is the folder of devd; exit 0 when all came out

A line is `command    # exit N: words`; each part of the remark may be absent: then the exit is 0,
and any words will do. `export` lasts; the ports of PORTS are replaced by
free ones.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINE_SECONDS_MAX = 90
PORTS = ("7778", "20007")
REMARK = re.compile(r"\s{2,}# (?:exit (?P<exit>\d+))?(?:: )?(?P<words>.*)$")


def commands_of(page: str) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [line for line in "".join(blocks).splitlines() if line.strip()]


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


class Shell:
    """Runs lines one by one, each in a bash of its own, as if it were one shell."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._running: list[subprocess.Popen] = []

    def start(self, command: str) -> str:
        """In the background; returns what it said until it was ready. A program of tillhost that
        has its output elsewhere is not waited for."""
        process = subprocess.Popen(["bash", "-c", "exec " + command], cwd=ROOT,
                                   env=self._environment, text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._running.append(process)
        said = ""
        while ">" not in command and not re.search(r"\bready\b", said):
            line = process.stdout.readline()
            if not line:
                sys.exit(f"run_page: ended before it was ready: {command}\n{said}")
            said += line
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        return said

    @staticmethod
    def _listen(process: subprocess.Popen) -> None:
        """To its end, so that it can always speak, and is no zombie to those who wait for it."""
        process.stdout.read()
        process.wait()

    def run(self, command: str) -> tuple[int, str]:
        lasts = command.startswith("export ")
        done = subprocess.run(["bash", "-c", command + ("\nenv -0" if lasts else "")], cwd=ROOT,
                              env=self._environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=LINE_SECONDS_MAX)
        if lasts and done.returncode == 0:
            pairs = (one.split("=", 1) for one in done.stdout.split("\0") if "=" in one)
            self._environment = dict(pairs)
            return 0, ""
        return done.returncode, done.stdout

    def end(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(timeout=LINE_SECONDS_MAX)


def check(shell: Shell, line: str) -> None:
    remark = REMARK.search(line)
    command = line[:remark.start()] if remark else line
    wanted = int(remark["exit"] or 0) if remark else 0
    words = remark["words"] if remark else ""
    print(f"+ {command}", flush=True)
    if command.endswith(" &"):
        status, said = 0, shell.start(command.removesuffix(" &"))
    else:
        status, said = shell.run(command)
    if status != wanted or words not in said:
        sys.exit(f"run_page: wanted exit {wanted} and \"{words}\", came exit {status}:\n{said}")


def main(page: str, programs: str) -> None:
    commands = commands_of((ROOT / page).read_text(encoding="utf-8"))
    if not commands:
        sys.exit(f"run_page: no command on {page}")
    replaced = {port: free_port() for port in PORTS} | {"$PWD/build/release/bin": programs}
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("TILLHOST_", "LC_", "LANG", "GTEST_"))}
        environment |= {"TMPDIR": folder, "LC_ALL": "C.UTF-8"}
        shell = Shell(environment)
        try:
            for line in commands:
                for name, value in replaced.items():
                    line = line.replace(name, value)
                check(shell, line)
        finally:
            shell.end()
    print(f"{len(commands)} commands of {page} did what it says")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
