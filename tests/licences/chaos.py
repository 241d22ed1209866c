"""Seats under kill -9 and on a full disk: programs take, beat and give back while licd is killed at
random moments and its disk is filled to the last byte and emptied again. No two programs believe
in one seat at once, no acknowledged lease is lost, and in the end all seats are free. Prints its
seed; the same seed asks for the same things in the same order.

usage: chaos.py [--seed N] [--rounds N]
"""
from __future__ import annotations

import argparse
import faulthandler
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

from shop import Server, Vendor, in_namespace

from tillhost.errors import TillhostError
from tillhost.licences import Licences, Standing

SEATS = 4
PROGRAMS_AT_ONCE = 10
ACTS_MAX = 16
DISK_BYTES = 32 << 20  # of the disk that is filled
INSIDE = "TILLHOST_CHAOS_IN_NAMESPACE"
TOLD_MAX = 60.0  # seconds
HANGS_AFTER = float(os.environ.get("TILLHOST_CHAOS_HANGS_AFTER", "240"))  # seconds
SERIAL = "4410-0093-7721"


class Ledger:
    """Who believes in which seat, told by the programs themselves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders: dict[int, str] = {}
        self.grants = 0
        self.wrong: list[str] = []

    def took(self, seat: int, who: str) -> None:
        with self._lock:
            other = self._holders.get(seat)
            if other is not None:
                self.wrong.append(f"seat {seat}: {who} has it beside {other}")
            self._holders[seat] = who
            self.grants += 1

    def gives(self, seat: int, who: str) -> None:
        with self._lock:
            if self._holders.get(seat) == who:
                del self._holders[seat]


def give_back(licences: Licences, lease) -> None:
    """A server that is being killed is told by a later beat."""
    until = time.monotonic() + TOLD_MAX
    try:
        licences.release(lease)
        return
    except TillhostError:
        pass
    while True:
        try:
            licences.beat()
            return
        except TillhostError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def take(licences: Licences):
    """A seat; a full disk is said and waited for."""
    until = time.monotonic() + TOLD_MAX
    while True:
        try:
            return licences.acquire("till.base", wait=60.0, deadline=60.0)
        except TillhostError as error:
            if error.code != "storage_full" or time.monotonic() > until:
                raise
            time.sleep(0.02)


def live(server: Server, ledger: Ledger, seed: int, rounds: int, errors: list) -> None:
    chance = random.Random(seed)
    for number in range(rounds):
        who = f"program-{seed}-{number}"
        licences = Licences("till", local_endpoint=server.endpoint, instance=who)
        try:
            lease = take(licences)
            ledger.took(lease.seat, who)
            for _ in range(chance.randrange(3)):
                time.sleep(chance.random() * 0.05)
                try:
                    licences.beat()
                except TillhostError:
                    pass  # it is being killed; the lease goes on
                if lease.standing is not Standing.held:
                    errors.append(f"{who} lost its lease {lease.number}: {lease}")
            ledger.gives(lease.seat, who)  # before it is said: then another may have it
            give_back(licences, lease)
        except TillhostError as error:
            errors.append(f"{who}: {error.code}: {error.text}")
        finally:
            licences.close()


class Disk:
    """The disk of licd's state: a small one, seen by this process and its children only."""

    def __init__(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._ballast = folder / "ballast"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder],
                       check=True)

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as ballast:
            for size in (64 << 10, 1):
                try:
                    while True:
                        ballast.write(b"x" * size)
                except OSError:
                    pass

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def end(self) -> None:
        subprocess.run(["umount", "-l", self._folder], check=True)


class Gremlin:
    """Whoever breaks things."""

    def __init__(self, server: Server, disk: Disk, chance: random.Random) -> None:
        self._server = server
        self._disk = disk
        self._chance = chance
        self.kills = self.fillings = self.ended = 0

    def act(self) -> None:
        time.sleep(0.05 + self._chance.random() * 0.4)
        if self._chance.random() < 0.4:
            self.fillings += 1
            self._disk.fill()
            time.sleep(0.05 + self._chance.random() * 0.3)
            self._disk.empty()
            # A record that cannot be kept ends licd: nothing that is not on disk is ever said.
            if self._server.process.poll() is not None:
                self.ended += 1
                self._server.start()
            return
        self.kills += 1
        self._server.kill()
        self._server.start()


def in_own_namespace() -> None:
    """Begins anew where a disk can be mounted that nobody else sees."""
    if INSIDE not in os.environ:
        words = in_namespace(sys.executable, "-B", *sys.argv)
        os.execvpe(words[0], words, {**os.environ, INSIDE: "1"})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    in_own_namespace()
    faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)  # says where, if it hangs
    print(f"seed {asked.seed}", flush=True)
    chance = random.Random(asked.seed)
    ledger, errors = Ledger(), []
    with tempfile.TemporaryDirectory(prefix="tillhost-licd-") as folder:
        place = pathlib.Path(folder)
        vendor = Vendor(place)
        disk = Disk(place / "licd" / "state")
        server = Server(place / "licd", [vendor.root])
        try:
            server.activate(vendor, f"name=till.base count={SEATS} mode=instance", serial=SERIAL)
            threads = [threading.Thread(target=live, args=(server, ledger, asked.seed * 100 + i,
                                                           asked.rounds, errors))
                       for i in range(PROGRAMS_AT_ONCE)]
            for thread in threads:
                thread.start()
            gremlin = Gremlin(server, disk, chance)
            acts = 0
            while acts < ACTS_MAX and any(thread.is_alive() for thread in threads):
                gremlin.act()
                acts += 1
            for thread in threads:
                thread.join()
            left = server.used("till.base", SERIAL)
        finally:
            if server.process.poll() is None:
                server.kill()
            disk.end()
    print(f"{ledger.grants} grants, {gremlin.kills} kills of licd, disk full {gremlin.fillings} "
          f"times, which ended licd {gremlin.ended} times, {left} seats in use at the end")
    for line in ledger.wrong + errors:
        print(line)
    wanted = PROGRAMS_AT_ONCE * asked.rounds
    if ledger.wrong or errors or left or ledger.grants != wanted or acts < 2:
        print(f"FAILED: {wanted} grants were asked for")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
