"""Seats under kill -9: programs take, beat and give back while licd is killed at random moments. No
two programs believe in one seat at once, no acknowledged lease is lost, and in the end all seats
are free. Prints its seed; the same seed asks for the same things in the same order.

usage: chaos.py [--seed N] [--rounds N]
"""
from __future__ import annotations

import argparse
import pathlib
import random
import sys
import tempfile
import threading
import time

from shop import Server, Vendor

from tillhost.errors import TillhostError
from tillhost.licences import Licences, Standing

SEATS = 4
PROGRAMS_AT_ONCE = 10
KILLS = 12
TOLD_MAX = 60.0  # seconds
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


def live(server: Server, ledger: Ledger, seed: int, rounds: int, errors: list) -> None:
    chance = random.Random(seed)
    for number in range(rounds):
        who = f"program-{seed}-{number}"
        licences = Licences("till", local_endpoint=server.endpoint, instance=who)
        try:
            lease = licences.acquire("till.base", wait=60.0, deadline=60.0)
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    chance = random.Random(asked.seed)
    ledger, errors = Ledger(), []
    with tempfile.TemporaryDirectory(prefix="tillhost-licd-") as folder:
        place = pathlib.Path(folder)
        vendor = Vendor(place)
        server = Server(place / "licd", [vendor.root])
        try:
            server.activate(vendor, f"name=till.base count={SEATS} mode=instance", serial=SERIAL)
            threads = [threading.Thread(target=live, args=(server, ledger, asked.seed * 100 + i,
                                                           asked.rounds, errors))
                       for i in range(PROGRAMS_AT_ONCE)]
            for thread in threads:
                thread.start()
            kills = 0
            while kills < KILLS and any(thread.is_alive() for thread in threads):
                time.sleep(0.05 + chance.random() * 0.4)
                server.kill()
                kills += 1
                server.start()
            for thread in threads:
                thread.join()
            left = server.used("till.base", SERIAL)
        finally:
            if server.process.poll() is None:
                server.kill()
    print(f"{ledger.grants} grants, {kills} kills of licd, {left} seats in use at the end")
    for line in ledger.wrong + errors:
        print(line)
    wanted = PROGRAMS_AT_ONCE * asked.rounds
    if ledger.wrong or errors or left or ledger.grants != wanted or kills < 2:
        print(f"FAILED: {wanted} grants were asked for")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
