"""Documents under kill -9 and lost answers: phones sell and deliver through a proxy that drops one
answer in ten after the server has it, the accounting system sends and fetches, and sumpd is killed
at random moments. In the end the accounting system has booked every receipt that any phone has
made exactly once, and no phone lacks an object. Prints its seed.

usage: chaos.py [--seed N] [--phones N] [--receipts N] [--kills N]
"""
from __future__ import annotations

import argparse
import pathlib
import random
import sys
import tempfile
import threading
import time

from accounting import Accounting, good, role, user
from shop import Line, Lost, Phone, Refused, Server

DROPS = 0.1
PASSWORD = "a good password"
LIVES_MAX = 240.0  # seconds


class LossyLine(Line):
    """Drops answers: the server has done what it was asked for, and nobody knows."""

    chance = random.Random()

    def call(self, method, path, body=None, headers=None):
        answer = super().call(method, path, body, headers)
        if self.chance.random() < DROPS:
            self._connection = None
            raise Lost("dropped")
        return answer


def insistent(what):
    """Does it again until it has an answer."""
    end = time.monotonic() + LIVES_MAX
    while True:
        try:
            return what()
        except Lost:
            time.sleep(0.02)
        except Refused as refused:
            if not refused.fault.get("retryable"):
                raise
            time.sleep(0.05)
        assert time.monotonic() < end, "no answer for too long"


class SellingPhone(threading.Thread):
    def __init__(self, server: Server, number: int, receipts: int, seed: int) -> None:
        super().__init__(name=f"phone-{number}")
        self.phone = Phone(server, f"phone-{number}")
        self.receipts = receipts
        self.chance = random.Random(seed)
        self.made: list[str] = []
        self.objects: dict[str, dict] = {}
        self.failure = ""

    def run(self) -> None:
        try:
            self.sell_all()
        except Exception as error:  # told by the main thread
            self.failure = f"{self.name}: {error!r}"

    def lossy(self, authorization: str) -> LossyLine:
        line = LossyLine(self.phone.server, authorization)
        line.chance = self.chance
        return line

    def sell_all(self) -> None:
        phone = self.phone
        invitation = phone.server.invite()
        insistent(lambda: phone.enroll(invitation))
        session = insistent(lambda: phone.login("anna", PASSWORD))["session"]
        phone.line = self.lossy(f"Bearer {session}")
        while len(self.made) < self.receipts:
            for _ in range(self.chance.randint(1, 4)):
                self.made.append(phone.sell()["docId"])
            insistent(phone.deliver)
            if self.chance.random() < 0.2:
                self.read()
        while phone.queue:
            insistent(phone.deliver)

    def read(self) -> None:
        """All from the beginning, by small packets."""
        cursor = ""
        while True:
            query = f"&cursor={cursor}" if cursor else ""
            told = insistent(lambda: self.phone.line.ask(
                "GET", f"/v1/app/changes?maxBytes=4096{query}"))
            for each in told.get("object", []):
                self.objects[f"{each['kind']}/{each['id']}"] = each
            cursor = told["cursor"]
            if not told["more"]:
                return


def keep_books(accounting: Accounting, chance: random.Random, over: threading.Event) -> None:
    number = 0
    while not over.is_set():
        if chance.random() < 0.3:
            number += 1
            accounting.send(good(f"g{chance.randint(1, 50)}", f"{number}.00"))
        insistent(accounting.fetch)
        time.sleep(chance.random() * 0.05)


def run(seed: int, phones: int, receipts: int, kills: int, folder: pathlib.Path) -> list[str]:
    chance = random.Random(seed)
    server = Server(folder / "sumpd").start()
    accounting = Accounting(server)
    accounting.send([role("cashier", "sale.sell"), user("u1", "Anna", PASSWORD), *good("g1")])
    sellers = [SellingPhone(server, number, receipts, seed * 1000 + number)
               for number in range(phones)]
    over = threading.Event()
    clerk = Accounting(server)
    clerk.sent_no = accounting.sent_no
    clerk.line = LossyLine(server, clerk.line.authorization)
    clerk.line.chance = random.Random(seed + 1)
    clerk_failure: list[str] = []

    def work() -> None:
        try:
            keep_books(clerk, random.Random(seed + 2), over)
        except Exception as error:
            clerk_failure.append(f"accounting: {error!r}")

    clerk_thread = threading.Thread(target=work)
    clerk_thread.start()
    for seller in sellers:
        seller.start()
    killed = 0
    while any(seller.is_alive() for seller in sellers):
        time.sleep(0.1 + 0.6 * chance.random())
        if killed < kills:
            server.kill()
            server.start()
            killed += 1
    over.set()
    clerk_thread.join()
    clerk.line = server.accounting_line()
    clerk.fetch_all()
    wrong = [seller.failure for seller in sellers if seller.failure] + clerk_failure
    made = [one for seller in sellers for one in seller.made]
    lacking = set(made) - set(clerk.booked)
    foreign = set(clerk.booked) - set(made)
    wrong += [f"lost: {one}" for one in sorted(lacking)]
    wrong += [f"doubled: {one}" for one in clerk.doubled]
    wrong += [f"made up: {one}" for one in sorted(foreign)]
    print(f"{len(made)} receipts of {phones} phones, {killed} kills, "
          f"{clerk.received_no} messages fetched, {clerk.sent_no} sent")
    code = server.stop()
    return wrong + ([f"sumpd ended with {code}: {server.log.read_text()[-2000:]}"] if code else [])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--phones", type=int, default=8)
    parser.add_argument("--receipts", type=int, default=400, help="of each phone")
    parser.add_argument("--kills", type=int, default=12)
    given = parser.parse_args()
    print(f"seed {given.seed}")
    with tempfile.TemporaryDirectory() as folder:
        wrong = run(given.seed, given.phones, given.receipts, given.kills, pathlib.Path(folder))
    for each in wrong:
        print(each)
    print("wrong" if wrong else "every document exactly once")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
