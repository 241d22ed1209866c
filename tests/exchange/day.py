"""A whole day of a shop, with everything that goes wrong in it.

Two registrars and a card terminal behind devd, sumpd, an accounting system that sends its goods,
and phones: each enrols by the QR code that sumpd prints, read from a picture of it by zbarimg. They
sell on both registrars and take cards. One answer in ten is lost after the server did what was
asked, some connections are cut, clocks differ; sumpd, devd, the accounting system and phones are
killed with kill -9 at random and started again, and prices change meanwhile. In the evening the
ledgers must tell one story (day_ledgers.py).

usage: day.py [--goods N] [--phones N] [--sales N] [--seed N] [--misdeed double|drop] [--no-kills]
The full size: --goods 100000 --phones 20 --sales 40 --patience 1800
With --misdeed one phone sends a document twice under another id, or forgets one: the check must
notice, and exit status 0 says that it did.
Exit: 0 all agree (with --misdeed: they do not); 1 otherwise.
"""
import argparse
import random
import sys
import time

from day_ledgers import Check, Phone
from day_shop import Failure, Shop, wait_for

DROP_PERMILLE = 100
CUT_PERMILLE = 20
SKEW_MS = 90_000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--goods", type=int, default=5000)
    parser.add_argument("--phones", type=int, default=6)
    parser.add_argument("--sales", type=int, default=25, help="of each phone")
    parser.add_argument("--tasks", type=int, default=12)
    parser.add_argument("--form", default="json", help="of the accounting system")
    parser.add_argument("--take", default="ndjson", help="form of documents")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--patience", type=float, default=280, help="seconds for the whole day")
    parser.add_argument("--misdeed", choices=["double", "drop"])
    parser.add_argument("--no-kills", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leaves the folder")
    return parser.parse_args()


class Day:
    """Morning, the day with its troubles, evening."""

    def __init__(self, options):
        self.options = options
        self.chance = random.Random(options.seed)
        self.end = time.monotonic() + options.patience
        self.shop = Shop()
        self.accounting = None
        self.phones = []
        self.kills = {"sumpd": 0, "devd": 0, "accounting": 0, "phone": 0, "prices": 0}

    def left(self):
        return max(1.0, self.end - time.monotonic())

    def line(self):
        return ["--drop-permille", str(DROP_PERMILLE), "--cut-permille", str(CUT_PERMILLE)]

    def morning(self):
        options = self.options
        self.accounting = self.shop.accounting(
            "--form", options.form, "--take", options.take, "--fetch-ms", "700", "--seed",
            str(options.seed), *self.line())
        self.accounting.start()
        sent = self.accounting.act("send", deadline_s=self.left(), goods=options.goods,
                                   users=options.phones, tasks=options.tasks, gzip="true")
        if not sent["done"]:
            raise Failure(f"the goods: {sent}")
        people = self.shop.folder / "accounting/people"
        for number in range(1, options.phones + 1):
            phone = self.shop.phone(
                number, people, "--sales", str(options.sales), "--seed", str(options.seed),
                "--skew-ms", str(SKEW_MS), *self.line())
            phone.start()
            self.phones.append(phone)

    def trouble(self):
        what = self.chance.choice(["sumpd", "devd", "accounting", "phone", "phone", "prices"])
        pause = self.chance.choice([0.0, 0.2, 0.6])
        if what == "prices":
            self.change_prices()
        elif self.options.no_kills:
            return
        elif what == "sumpd":
            self.shop.kill_sumpd()
            time.sleep(pause)
            self.shop.start_sumpd()
        elif what == "devd":
            self.shop.kill_devd()
            time.sleep(pause)
            self.shop.start_devd()
        else:
            victim = self.accounting if what == "accounting" else self.chance.choice(self.phones)
            victim.kill()
            time.sleep(pause)
            victim.start()
        self.kills[what] += 1

    def change_prices(self):
        """Not waited for: the accounting system may be killed in the middle of it."""
        count = max(1, self.options.goods // 50)
        first = self.chance.randrange(1, self.options.goods - count + 2)
        super(type(self.accounting), self.accounting).act("send", changed=count, first=first)

    def misbehave(self):
        if self.options.misdeed:
            self.phones[0].act(f"{self.options.misdeed}_document")

    def state(self, phone):
        return phone.ask("state")["phones"][0]

    def sold_all(self):
        return all(self.state(phone)["sold"] + self.state(phone)["abandoned"] >=
                   self.options.sales for phone in self.phones)

    def day(self):
        wait_for("a phone that sells", lambda: any(self.state(phone)["sold"] > 0
                                                   for phone in self.phones), self.left())
        self.misbehave()
        while not self.sold_all():
            if time.monotonic() > self.end:
                raise Failure("not all was sold")
            time.sleep(self.chance.choice([0.3, 0.8, 1.5]))
            self.trouble()

    def evening(self):
        """Nobody is killed any more; what is open comes to its end."""
        for phone in self.phones:
            phone.act("close")
        for phone in self.phones:
            wait_for(f"{phone.name} closes", lambda one=phone: self.is_closed(one), self.left())
        wait_for("the last prices", lambda: self.accounting.ask("state")["state"]["jobs_waiting"]
                 == 0, self.left())
        for _ in range(2):  # a job that began before the last document came
            fetched = self.accounting.act("fetch", deadline_s=self.left())
            if not fetched["done"]:
                raise Failure(f"fetch: {fetched}")
        holdings = self.accounting.ask("state")["state"]["holdings"]
        for phone in self.phones:
            wait_for(f"{phone.name} has all goods and prices",
                     lambda one=phone: self.state(one)["holdings"] == holdings, self.left())
        return holdings

    def is_closed(self, phone):
        state = self.state(phone)
        return state["closed"] and state["queue"] == 0 and not state["selling"]

    def ledgers(self):
        for phone in self.phones:
            if self.state(phone)["set_aside"]:
                print(f"{phone.name}: the server did not take a document: {self.state(phone)}")
        phones = [Phone(self.shop.folder / "phones" / phone.name) for phone in self.phones]
        registrars = {name: self.shop.documents(name) for name in ("kassa1", "kassa2")}
        check = Check(phones, self.accounting.ask("documents")["received"], registrars,
                      self.shop.ctl("transactions", device="pos")["transactions"])
        return check, check.run()

    def close(self):
        for one in [self.accounting, *self.phones]:
            if one is not None and one.process is not None and one.process.poll() is None:
                one.kill()
        if self.options.keep:
            print(f"left in {self.shop.folder}")
            self.shop.kill_sumpd()
            self.shop.kill_devd()
            for simulator in self.shop.simulators.values():
                simulator.kill()
            return
        self.shop.close()


def told(day):
    for one in [day.accounting, *day.phones]:
        if one is not None and one.process.poll() is None:
            state = one.ask("state")
            print(one.name, state.get("state") or state.get("phones"), file=sys.stderr)


def run(options):
    day = Day(options)
    try:
        day.morning()
        day.day()
        holdings = day.evening()
        check, wrong = day.ledgers()
        lost = sum(day.state(phone)["dropped"] for phone in day.phones)
        cut = sum(day.state(phone)["cut"] for phone in day.phones)
        print(f"goods and prices {holdings['count']}, {dict(check.counts)}, killed {day.kills}, "
              f"answers dropped {lost} and connections cut {cut} since the phones' last starts")
        for line in wrong[:40]:
            print("WRONG:", line)
        return bool(wrong) == bool(options.misdeed)
    except Failure as failure:
        print("FAILED:", failure)
        told(day)
        return False
    finally:
        day.close()


def main():
    options = arguments()
    print(f"seed {options.seed}", flush=True)
    begun = time.monotonic()
    good = run(options)
    what = "the misdeed was noticed" if options.misdeed else "agreed"
    print(f"{what if good else 'NOT as it should be'} after {time.monotonic() - begun:.0f} s, "
          f"seed {options.seed}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
