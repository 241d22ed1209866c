"""Ten workstations, two hosts with a registrar each, and a central host that uses both: every
machine a network namespace with addresses of its own, real TCP between them. The workstations sell,
at the hosts and by way of the central one, and lease; meanwhile links are cut and hosts killed at
random.

At the end the ledgers must agree: what the workstations were told and what the registrars'
memories hold, and nothing may be open in a host's book. Nobody is served twice and nobody is
forgotten; how long each had to wait is told.

usage: many_workstations.py [--receipts N] [--seed N]
Exit: 0 all agree; 1 they do not; 77 no network namespaces here.
"""
import argparse
import atexit
import collections
import ctypes
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import time

import tillhost
from counter import NetworkCounter, tea
from tillhost import messages as m

WORKSTATIONS = 10
PATIENCE = 600.0  # seconds that a till goes on with one receipt
LEASE_EVERY = 40  # receipts, between the times that a till wants a registrar for itself
CLONE_NEWNET = 0x40000000  # sched.h
PREFIX = f"th{os.getpid() % 100000}"


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


class Net:
    """A switch in a namespace of its own, and machines on it."""

    def __init__(self):
        self.switch = f"{PREFIX}s"
        self.machines = []
        ip("netns", "add", self.switch)
        atexit.register(self.close)
        ip("-n", self.switch, "link", "add", "br0", "type", "bridge")
        ip("-n", self.switch, "link", "set", "br0", "up")

    def add(self):
        """A machine: its namespace and its address."""
        number = len(self.machines) + 1
        name, address = f"{PREFIX}m{number}", f"10.77.0.{number}"
        ip("netns", "add", name)
        self.machines.append(name)
        ip("-n", self.switch, "link", "add", f"p{number}", "type", "veth", "peer", "name", "eth0",
           "netns", name)
        ip("-n", self.switch, "link", "set", f"p{number}", "master", "br0", "up")
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "link", "set", "lo", "up")
        return name, address

    def cut(self, name, cut):
        number = self.machines.index(name) + 1
        ip("-n", self.switch, "link", "set", f"p{number}", "down" if cut else "up")

    def close(self):
        for name in [*self.machines, self.switch]:
            ip("netns", "del", name, check=False)


class Machine(NetworkCounter):
    """A host in a namespace."""

    def __init__(self, net, devices):
        self.net_name, self.address = net.add()
        self.runner = ("ip", "netns", "exec", self.net_name)
        super().__init__(devices)

    def let_in(self, name, role, keys, runner, *more):
        """Pairs another machine; its keys go to a file."""
        code = self.code(name, "--role", role, *more)
        environment = {**self.environment, "TILLHOST_HOSTS_DIR": str(keys.parent)}
        subprocess.run([*runner, os.environ["TILLHOST_PROGRAMS"] + "/tillctl", "pair", "--with",
                        f"{self.address}:{self.pairing_port}", code, "--save-as", keys.stem],
                       check=True, env=environment, capture_output=True)


def sell(devd, device, receipt):
    """Until it is done, and how. The same id as long as something may come of it; a refusal of
    which nothing can come may have used the id up, so that the next attempt has another."""
    until = time.monotonic() + PATIENCE
    operation_id = tillhost.make_operation_id()
    while True:
        try:
            done = devd.carry_out(device, receipt, operation_id, doubt_patience=60.0, force=True,
                                  deadline=30.0)
            if done.state == m.OperationState.done:
                return done
            why = done.error
            if tillhost.is_final(done.state):
                operation_id = tillhost.make_operation_id()
        except tillhost.TillhostError as error:
            why = error
            if error.code == "stale_lease":  # it ended with the connection; go on without
                give_back(devd, device)
            if not error.may_have_happened:
                operation_id = tillhost.make_operation_id()
        if time.monotonic() > until:
            raise RuntimeError(f"{operation_id} on {device}: {why}")
        time.sleep(0.05)


def connected(name, host, journal):
    """A client; its host may be cut off at this moment."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return tillhost.connect(name, host=host, journal=str(journal))
        except tillhost.TillhostError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def give_back(devd, device):
    try:
        devd.release_lease(device, deadline=5.0)
    except tillhost.TillhostError:
        pass  # it ends with the connection, or by its time


def lease(devd, device):
    try:
        devd.take_lease(device, seconds=3.0, wait=True, deadline=5.0)
    except tillhost.TillhostError:
        pass  # it sells in the line of everybody then


def workstation(number, namespace, folder, receipts, seed):
    """One till, in its own namespace: sells, and writes down what it was told."""
    with open(f"/run/netns/{namespace}") as net:
        setns(net.fileno())
    os.environ["TILLHOST_HOSTS_DIR"] = str(folder / "hosts")
    choice = random.Random(seed)
    ways = [("a", "kassa"), ("b", "kassa"), ("central", "a-kassa"), ("central", "b-kassa")]
    tills = {name: connected(f"till {number}", name, folder / f"{name}.journal")
             for name in ("a", "b", "central")}
    with open(folder / "ledger", "w") as ledger:
        for count in range(receipts):
            host, device = choice.choice(ways)
            devd = tills[host]
            wants_lease = count % LEASE_EVERY == LEASE_EVERY - 1
            if wants_lease:
                lease(devd, device)
            begun = time.monotonic()
            done = sell(devd, device, tea(100 + number))
            waited = time.monotonic() - begun
            ledger.write(json.dumps({
                "id": done.operation_id, "registrar": {"kassa": host}.get(device, device[0]),
                "way": host, "document": done.result.fiscal_document_number,
                "waited": waited, "at": time.monotonic()}) + "\n")
            ledger.flush()
            if wants_lease:
                give_back(devd, device)
            try:
                devd.acknowledge(done.operation_id, deadline=5.0)
            except tillhost.TillhostError:
                pass  # the book keeps it longer
    for devd in tills.values():
        devd.close()


def setns(fd):
    """Of this process, into a network namespace; Python 3.11 has no os.setns."""
    if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Troubles:
    """Cuts and kills, one after the other, until it is told to end."""

    def __init__(self, net, hosts, tills, seed):
        self.net, self.hosts, self.tills = net, hosts, tills
        self.choice = random.Random(seed)
        self.done = collections.Counter()

    def one(self):
        what = self.choice.choice(["kill", "cut host", "cut till", "cut till"])
        wait = self.choice.choice([0.3, 1.0, 3.0])
        self.done[what] += 1
        if what == "kill":
            host = self.choice.choice(self.hosts)
            host.kill_devd()
            time.sleep(self.choice.choice([0.0, 0.3, 1.0]))
            host.start_devd()
            return
        machine = (self.choice.choice(self.hosts).net_name if what == "cut host"
                   else self.choice.choice(self.tills))
        self.net.cut(machine, True)
        # Now and then for longer than the kernel takes to notice.
        time.sleep(35.0 if self.choice.random() < 0.05 else wait)
        self.net.cut(machine, False)


def told_by_tills(folders):
    rows = []
    for folder in folders:
        with open(folder / "ledger") as ledger:
            rows += [dict(json.loads(line), till=folder.name) for line in ledger]
    return rows


def disagreements(rows, hosts, receipts):
    """What does not agree, as texts."""
    wrong = []
    if len(rows) != receipts:
        wrong.append(f"{receipts} receipts were to be sold, the tills know of {len(rows)}")
    for name, host in hosts.items():
        mine = sorted(row["document"] for row in rows if row["registrar"] == name)
        memory = sorted(one["number"] for one in host.documents())
        if mine != memory:
            twice = [n for n, c in collections.Counter(mine).items() if c > 1]
            wrong.append(f"registrar of {name}: {len(mine)} documents told, {len(memory)} in its "
                         f"memory; told twice: {twice[:5]}; only in memory: "
                         f"{sorted(set(memory) - set(mine))[:5]}; only told: "
                         f"{sorted(set(mine) - set(memory))[:5]}")
        with host.connect("auditor") as devd:
            left = devd.operations(unsettled_only=True).operations
        wrong += [f"host {name}: {one.operation_id} is {one.state.name}" for one in left]
    return wrong


def report_waits(rows):
    """How long the tills waited, and that none waited far longer than others."""
    by_till = collections.defaultdict(list)
    for row in rows:
        by_till[row["till"]].append(row["waited"])
    for till, waits in sorted(by_till.items()):
        print(f"{till:8} {len(waits):6} receipts, waited {statistics.median(waits) * 1000:7.1f} ms "
              f"(median), {sorted(waits)[int(len(waits) * 0.99)] * 1000:8.1f} ms (99 %), "
              f"{max(waits):6.1f} s (longest)")
    # While every till was selling: whom the lines served.
    first_end = min(max(row["at"] for row in rows if row["till"] == till) for till in by_till)
    served = collections.Counter(row["till"] for row in rows if row["at"] <= first_end)
    print(f"until the first till had finished: {min(served.values())} to {max(served.values())} "
          "receipts a till")


def run(receipts, seed):
    print(f"seed {seed}, {receipts} receipts, {WORKSTATIONS} workstations")
    net = Net()
    hosts = {name: Machine(net, ("kassa",)) for name in "ab"}
    central = Machine(net, ())
    tills = [net.add()[0] for _ in range(WORKSTATIONS)]
    folders = [central.folder / f"till{number}" for number in range(1, WORKSTATIONS + 1)]
    try:
        connect(hosts, central, tills, folders)
        shares = [receipts // WORKSTATIONS + (n < receipts % WORKSTATIONS)
                  for n in range(WORKSTATIONS)]
        workers = [multiprocessing.Process(
            target=workstation, args=(n + 1, tills[n], folders[n], shares[n], seed + n))
            for n in range(WORKSTATIONS)]
        began = time.monotonic()
        for worker in workers:
            worker.start()
        troubles = Troubles(net, [*hosts.values(), central], tills, seed)
        while any(worker.is_alive() for worker in workers):
            troubles.one()
            time.sleep(troubles.choice.uniform(0.2, 1.5))
        for worker in workers:
            worker.join()
        print(f"{time.monotonic() - began:.0f} s; " +
              ", ".join(f"{count} times {what}" for what, count in sorted(troubles.done.items())))
        rows = told_by_tills(folders)
        report_waits(rows)
        wrong = disagreements(rows, hosts, receipts)
        wrong += [f"till {n + 1} ended with {worker.exitcode}"
                  for n, worker in enumerate(workers) if worker.exitcode != 0]
        for text in wrong:
            print("WRONG", text)
        return 1 if wrong else 0
    finally:
        for host in (*hosts.values(), central):
            host.close()


def connect(hosts, central, tills, folders):
    """Pairs everybody with everybody, and gives central its remote devices."""
    for name, host in hosts.items():
        keys = central.folder / f"state/hosts/{name}.toml"
        keys.parent.mkdir(exist_ok=True)
        host.let_in("central", "operator", keys, central.runner, "--as-host")
    central.kill_devd()
    central.config = "".join(
        f'[[remote]]\nhost = "{name}"\ndevices = {{ {name}-kassa = "kassa" }}\n'
        for name in hosts)
    central.start_devd()
    for number, (till, folder) in enumerate(zip(tills, folders), start=1):
        (folder / "hosts").mkdir(parents=True)
        for name, host in {**hosts, "central": central}.items():
            host.let_in(f"ws{number}", "cashier", folder / f"hosts/{name}.toml",
                        ("ip", "netns", "exec", till))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--receipts", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 10**6))
    given = arguments.parse_args()
    if ip("netns", "add", f"{PREFIX}x", check=False).returncode != 0:
        print("no network namespaces can be made here")
        return 77
    ip("netns", "del", f"{PREFIX}x")
    return run(given.receipts, given.seed)


if __name__ == "__main__":
    sys.exit(main())
