"""Claim: data that are copied, put back and watched lose no document and double none. Shown with
real program: copies taken while phones sell, a restore, the audit beside a running server, figures
and health as a watcher reads them."""
from __future__ import annotations

import csv
import http.client
import io
import json
import pathlib
import re
import signal
import sqlite3
import stat
import subprocess

import pytest
from accounting import Accounting, good, role, user
from shop import PROGRAMS, Phone, Refused, Server, free_port

ROOT = pathlib.Path(__file__).parents[2]
STARTED_MAX = 60


class Shop:
    """A server with figures, an accounting system and a phone that is enrolled."""

    def __init__(self, folder) -> None:
        self.figures_port = free_port()
        self.server = Server(folder, f'[[metrics]]\nport = "{self.figures_port}"\n'
                                     '[[backup]]\nwhen = "off"\n').start()
        self.accounting = Accounting(self.server)
        self.accounting.send([role("cashier", "sale"), user("u1", "Anna", "a good password"),
                              *good("g1")])
        self.phone = Phone(self.server, "phone-1")
        self.phone.enroll()

    def run(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([PROGRAMS / "sumpd", "--config", self.server.config, *words],
                              env=self.server._environment(), capture_output=True, text=True,
                              timeout=STARTED_MAX)

    def start_anew(self) -> None:
        """With a connection of its own: that of before is gone with the process."""
        self.server.start()
        self.phone.line = self.server.line(f"Bearer {self.phone.key}")

    def figures(self, path: str) -> tuple[int, str]:
        line = http.client.HTTPConnection("127.0.0.1", self.figures_port, timeout=STARTED_MAX)
        line.request("GET", path)
        answer = line.getresponse()
        return answer.status, answer.read().decode()

    def states(self, *doc_ids: str) -> list[str]:
        told = self.phone.line.ask("POST", "/v1/app/documents/status", {"docId": list(doc_ids)})
        return [one["state"] for one in told["result"]]

    def changes(self, cursor: str = "") -> tuple[list[str], str]:
        """Only who is logged in reads; documents go without a login."""
        query = f"&cursor={cursor}" if cursor else ""
        self.phone.login("anna", "a good password")
        line, self.phone.line = self.phone.line, self.server.line(f"Bearer {self.phone.key}")
        told = line.ask("GET", f"/v1/app/changes?maxBytes=65536{query}")
        return [each["id"] for each in told.get("object", [])], told["cursor"]


@pytest.fixture(name="shop")
def _shop(tmp_path):
    shop = Shop(tmp_path / "sumpd")
    yield shop
    assert shop.server.stop() == 0, shop.server.log.read_text()


def test_a_restored_server_loses_nothing_that_anybody_still_has(shop, tmp_path):
    """A copy is taken while the shop sells; the shop goes on; the copy is put back. In the end each
    document is booked once, and no number of a message came twice."""
    first = shop.phone.sell()["docId"]
    shop.phone.deliver()
    shop.accounting.fetch_all()
    frozen = shop.phone.sell()["docId"]
    shop.phone.deliver()
    _, cursor = shop.changes()
    copy = tmp_path / "copy.db"
    made = shop.run("--backup", str(copy))
    assert made.returncode == 0, made.stderr
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert shop.run("--backup", str(copy)).returncode == 1, "a file that is there is not replaced"
    shop.accounting.fetch_all()
    late = shop.phone.sell()
    shop.phone.deliver()
    shop.accounting.fetch_all()
    shop.accounting.send(good("g2"))
    numbers = shop.accounting.received_no

    refused = shop.run("--restore", str(copy))
    assert refused.returncode == 1 and "running" in refused.stderr, "a server runs on the data"
    shop.server.stop()
    restored = shop.run("--restore", str(copy))
    assert restored.returncode == 0, restored.stderr
    shop.start_anew()

    assert shop.states(first, frozen, late["docId"]) == ["accepted", "stored", "unknown"]
    with pytest.raises(Refused) as anew:
        shop.changes(cursor)
    assert anew.value.code == "resync_required"
    # The phone puts again what it still has and the server does not know.
    shop.phone.queue.append(late)
    shop.phone.sell()
    told = shop.phone.deliver()
    assert not told.get("missingSeq")
    shop.accounting.fetch_all()
    assert shop.accounting.received_no > numbers + 1
    assert set(shop.accounting.booked) == set(shop.phone.sent)
    # Told apart by DocId alone, as the contract asks for.
    assert sorted(shop.accounting.doubled) == sorted([frozen, late["docId"]])
    status, text = shop.figures("/health")
    assert status == 503 and "needs_full_message" in text
    shop.accounting.send([role("cashier", "sale"), user("u1", "Anna", "a good password"),
                          *good("g1"), *good("g2")], full=True)
    assert "g2" in shop.changes()[0]
    assert shop.figures("/metrics")[0] == 200


def test_a_copy_is_not_taken_for_the_data(shop, tmp_path):
    shop.phone.sell()
    shop.phone.deliver()
    copy = tmp_path / "copy.db"
    assert shop.run("--backup", str(copy)).returncode == 0
    shop.server.stop()
    data = shop.server.state / "sumpd" / "sumpd.db"
    kept = data.read_bytes()
    for name in ("sumpd.db-wal", "sumpd.db-shm"):
        (data.parent / name).unlink(missing_ok=True)
    data.write_bytes(copy.read_bytes())
    started = shop.run()
    assert started.returncode == 1 and "--restore" in started.stderr
    for name in ("sumpd.db-wal", "sumpd.db-shm"):
        (data.parent / name).unlink(missing_ok=True)
    data.write_bytes(kept)
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"no database" * 1000)
    assert shop.run("--restore", str(garbage)).returncode == 1
    shop.start_anew()


def test_phones_know_the_server_on_a_new_machine(shop, tmp_path):
    """The disk is lost with all that is in it: the copy brings the key by which phones know it."""
    receipt = shop.phone.sell()["docId"]
    shop.phone.deliver()
    copy = tmp_path / "copy.db"
    assert shop.run("--backup", str(copy)).returncode == 0
    certificate = shop.server.certificate().read_bytes()
    shop.server.stop(signal.SIGKILL)
    for path in sorted((shop.server.state / "sumpd").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert shop.run("--restore", str(copy)).returncode == 0
    shop.start_anew()
    assert shop.server.certificate().read_bytes() == certificate
    assert shop.states(receipt) == ["stored"]
    shop.phone.sell()
    shop.phone.deliver()
    shop.accounting.fetch_all()
    assert set(shop.accounting.booked) == set(shop.phone.sent)


def test_figures_and_health(shop):
    for _ in range(3):
        shop.phone.sell()
    shop.phone.deliver()
    status, text = shop.figures("/metrics")
    assert status == 200
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert lines['tillhost_sumpd_documents{state="waiting"}'] == "3"
    assert lines['tillhost_sumpd_apps{state="active"}'] == "1"
    assert float(lines["tillhost_sumpd_disk_free_bytes"]) > 0
    status, text = shop.figures("/health")
    told = json.loads(text)
    assert status == 200 and told["state"] == "look"
    assert [one["code"] for one in told["alarms"]] == ["backup_old"]
    assert shop.figures("/anything")[0] == 404
    # Not at the port that phones and the network reach.
    assert shop.server.line().call("GET", "/metrics").status == 404


def test_the_audit_is_read_beside_the_server(shop):
    """Sound as it is, exported in both forms, and found out when somebody changes it."""
    verified = shop.run("--audit", "verify")
    assert verified.returncode == 0, verified.stderr
    assert shop.run("--audit", "everything").returncode == 1
    shop.server.stop()
    copy = shop.server.folder / "copy.db"
    assert shop.run("--backup", str(copy)).returncode == 0
    assert shop.run("--restore", str(copy)).returncode == 0
    shop.start_anew()
    exported = shop.run("--audit", "export")
    records = [json.loads(line) for line in exported.stdout.splitlines()]
    assert records[-1]["action"] == "data.restore"
    table = list(csv.reader(io.StringIO(shop.run("--audit", "export-csv").stdout, newline="")))
    assert table[0][:5] == ["number", "at_ms", "actor", "address", "action"]
    assert table[-1][2:5] == ["sumpd", "", "data.restore"]
    shop.server.stop()
    with sqlite3.connect(shop.server.state / "sumpd" / "sumpd.db") as database:
        database.execute("UPDATE audit SET text = replace(text, 'restore', 'nothing')")
    database.close()
    changed = shop.run("--audit", "verify")
    assert changed.returncode == 1 and f"record {len(records)}" in changed.stderr
    shop.start_anew()


def test_who_guesses_is_one_line_with_the_address(shop):
    filter_file = (ROOT / "packaging" / "fail2ban" / "sumpd.conf").read_text()
    pattern = re.search(r"^failregex = (.*)$", filter_file, re.M).group(1)
    wrong = shop.server.line("Bearer " + "x" * 20)
    answer = wrong.call("GET", "/v1/erp/jobs/x%20sign-in%20refused%20address=9.9.9.9%20"
                        "fault=unauthorized")
    assert answer.status == 401
    found = [match.group(1) for line in shop.server.log.read_text().splitlines()
             if (match := re.match(pattern.replace("<HOST>", r"(\S+)"), line))]
    assert found == ["127.0.0.1"]
