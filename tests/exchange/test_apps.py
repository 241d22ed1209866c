"""Claim: phones are enrolled, revoked and rescued by an administrator, have licences of licd where
the shop needs them, and lose no document by any of it. Shown with the real sumpd, licd and
licissue: what phones are answered, what licd lends, and what the accounting system has booked."""
from __future__ import annotations

import copy
import importlib.util
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from accounting import Accounting, good, role, user
from shop import Phone, Refused, Server, moment

LICENCE = "phones.session"
CONTACT = "Firma Kasa, tel. 123"
BECOMES_MAX = 60.0  # seconds


def _licence_shop():
    """The vendor and licd of the tests of licences; their module has the name of ours."""
    path = pathlib.Path(__file__).parent.parent / "licences" / "shop.py"
    spec = importlib.util.spec_from_file_location("licence_shop", path)
    made = importlib.util.module_from_spec(spec)
    sys.modules["licence_shop"] = made
    spec.loader.exec_module(made)
    return made


def becomes(what) -> bool:
    until = time.monotonic() + BECOMES_MAX
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def refused(call) -> Refused:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value


@pytest.fixture(name="server")
def _server(tmp_path):
    server = Server(tmp_path / "sumpd").start()
    yield server
    assert server.stop() == 0, server.log.read_text()


def accounting_of(server: Server) -> Accounting:
    accounting = Accounting(server)
    users = [user(f"u{n}", f"user{n}", "a good password") for n in range(1, 5)]
    job = accounting.send([role("cashier", "sale.sell"), *users, *good("g1"), *good("g2")])
    assert job["state"] == "done" and not job.get("error"), job
    return accounting


@pytest.fixture(name="accounting")
def _accounting(server):
    return accounting_of(server)


def rows(text: str) -> list[dict]:
    """A list of the command line, by its first line."""
    lines = [line.split("\t") for line in text.splitlines()]
    start = next(at for at, line in enumerate(lines) if len(line) > 1)
    return [dict(zip(lines[start], line)) for line in lines[start + 1:]]


def phone_of(server: Server, number: int) -> Phone:
    phone = Phone(server, f"phone-{number}")
    phone.device = phone.enroll(server.invite("--name", f"Phone {number}"))["deviceId"]
    return phone


def fresh(phone: Phone):
    """A new connection: the server may have been started anew."""
    phone.line = phone.server.line(phone.line.authorization)
    return phone.line


def login(phone: Phone, number: int) -> dict:
    return phone.login(f"user{number}", "a good password")


# --- a phone that was wiped ----------------------------------------------------------------------


def test_a_wiped_phone_goes_on_behind_its_last_number(server, accounting):
    """Its new receipts are taken without a conflict and none is doubled; one that begins below all
    the same is a conflict as ever."""
    phone = phone_of(server, 1)
    for _ in range(3):
        phone.sell()
    phone.deliver()
    server.kill()
    server.start()
    wiped = Phone(server, phone.install_id)
    told = wiped.enroll(server.invite())
    assert told["deviceId"] == phone.device and told["lastSeq"] == 3
    first = wiped.sell()
    assert first["deviceSeq"] == 4
    answer = wiped.deliver()
    assert [one["status"] for one in answer["result"]] == ["stored"]
    assert not answer.get("missingSeq"), answer
    liar = Phone(server, phone.install_id)
    assert liar.enroll(server.invite())["lastSeq"] == 4
    liar.seq = 1
    liar.sell()
    assert [one["status"] for one in liar.deliver()["result"]] == ["conflict"]
    accounting.fetch_all()
    assert set(accounting.booked) == {*phone.sent, first["docId"]} and not accounting.doubled


def test_a_new_phone_is_told_no_number(server):
    assert "lastSeq" not in Phone(server, "phone-1").enroll()


def test_what_was_rescued_counts(server, accounting):
    """Receipts that stand aside have their numbers: a wiped phone takes none of them."""
    phone = phone_of(server, 1)
    phone.sell()
    phone.deliver()
    phone.sell()
    server.order("--revoke", phone.device)
    server.order("--rescue", phone.device)
    phone.deliver()
    wiped = Phone(server, phone.install_id)
    assert wiped.enroll(server.invite())["lastSeq"] == 2
    wiped.sell()
    assert [one["status"] for one in wiped.deliver()["result"]] == ["stored"]
    aside = rows(server.order("--quarantine"))
    server.order("--admit", aside[0]["document"])
    accounting.fetch_all()
    assert set(accounting.booked) == {*phone.sent, *wiped.sent} and not accounting.doubled
    assert len(accounting.booked) == 3


# --- the code ------------------------------------------------------------------------------------


def decoded(picture: pathlib.Path, modules: set[tuple[int, int]], side: int) -> str:
    """What zbarimg reads from dark modules, four points each."""
    unit = 4
    lines = []
    for y in range(side * unit):
        lines.append(" ".join("1" if (x // unit, y // unit) in modules else "0"
                              for x in range(side * unit)))
    picture.write_text(f"P1\n{side * unit} {side * unit}\n" + "\n".join(lines) + "\n")
    made = subprocess.run(["zbarimg", "--quiet", "--raw", picture], capture_output=True, text=True,
                          timeout=60, check=True)
    return made.stdout.strip()


def test_code_is_read_from_screen_and_print(server, tmp_path):
    """A camera reads the same text from the terminal and from the picture as is printed below."""
    picture = tmp_path / "code.svg"
    told = server.order("--invite", "--name", "Касса 3", "--picture", str(picture))
    assert picture.stat().st_mode & 0o77 == 0, "it holds a token"
    text = re.search(r"^sump://\S+$", told, re.M).group(0)

    svg = picture.read_text()
    side = int(re.search(r'viewBox="0 0 (\d+)', svg).group(1)) // 4
    printed = {(int(x) // 4, int(y) // 4)
               for x, y in re.findall(r"M(\d+) (\d+)h4v4h-4z", svg)}
    assert decoded(tmp_path / "print.pbm", printed, side) == text

    shown = set()
    lines = [re.sub(r"\033\[[0-9;]*m", "", line) for line in told.split("\n") if "\033" in line]
    for y, line in enumerate(lines):
        for x, half in enumerate(line):
            shown |= {(x, 2 * y)} if half in "▀█" else set()
            shown |= {(x, 2 * y + 1)} if half in "▄█" else set()
    assert decoded(tmp_path / "screen.pbm", shown, side) == text


def test_invitation_is_bound(server, accounting):
    """To a kind of app and a store: the other kind is refused, and its users log in there only."""
    told = server.invite("--name", "Terminal", "--kind", "dataTerminal", "--store", "s1",
                         "--minutes", "60")
    assert int(told["e"]) > time.time() + 30 * 60
    phone = Phone(server, "terminal-1")
    enrolment = {"token": told["t"], "installId": "terminal-1", "model": "M", "os": "o",
                 "appName": "a", "appVersion": "1", "kind": "cashier"}
    wrong = refused(lambda: server.line().ask("POST", "/v1/app/enroll", enrolment))
    assert wrong.code == "forbidden"
    phone.enroll(told)
    assert refused(lambda: phone.login("user1", "a good password", storeId="s2")).code == \
        "role_denied"
    assert login(phone, 1)["session"]
    listed = rows(server.order("--apps"))
    assert [(row["name"], row["kind"], row["state"]) for row in listed] == \
        [("Terminal", "dataTerminal", "active")]
    assert accounting.status()["receivedNo"] == 1


# --- what is seen and told -----------------------------------------------------------------------


def heartbeat(phone: Phone, **more) -> dict:
    return fresh(phone).ask("POST", "/v1/app/heartbeat", {
        "queueLength": len(phone.queue), "lastSeq": phone.seq, "appVersion": "1.7",
        "freeBytes": 1000, "clockAt": moment(time.time() + 100), **more})


def test_sight_and_commands(server, accounting):
    """What a phone says of itself is kept over a restart; a command is told until it is taken, over
    a kill too; the packet is as small as the administrator wants."""
    phone = phone_of(server, 1)
    assert login(phone, 1)["policy"]["packetBytes"] > 4096
    phone.sell()
    server.order("--tell", phone.device, "message", "Please update")
    told = heartbeat(phone)["command"]
    assert [(one["kind"], one["text"]) for one in told] == [("message", "Please update")]
    server.kill()
    server.start()
    assert heartbeat(phone)["command"] == told
    assert not heartbeat(phone, taken=[told[0]["number"]]).get("command")
    assert server.stop() == 0
    server.start()
    row = rows(server.order("--apps"))[0]
    assert (row["name"], row["version"], row["queue"], row["address"]) == \
        ("Phone 1", "1.7", "1", "127.0.0.1")
    assert 90_000 < int(row["skew ms"]) < 200_000
    assert not heartbeat(phone).get("command")
    server.order("--rename", phone.device, "Till 5")
    server.order("--packet", phone.device, "4096")
    assert login(phone, 1)["policy"]["packetBytes"] == 4096
    accounting.line = server.accounting_line()
    accounting.send([each for n in range(100) for each in good(f"more{n}")])
    answer = phone.line.call("GET", "/v1/app/changes?maxBytes=1000000")
    assert answer.json()["more"] and len(answer.body) < 16_384
    assert rows(server.order("--apps"))[0]["name"] == "Till 5"
    wrong = server.command_line("--packet", "nobody", "4096")
    assert wrong.returncode == 1 and "there is no such device" in wrong.stderr


# --- revoked, rescued ----------------------------------------------------------------------------


def test_revoked_phone_is_rescued(server, accounting):
    """A revoked phone is refused at once, also one that waits; while its rescue is open its
    documents are taken aside, and each goes to the accounting system once when it is admitted,
    although the phone is enrolled anew and sends everything again."""
    phone = phone_of(server, 1)
    login(phone, 1)
    session = phone.line
    receipts = [phone.sell() for _ in range(3)]
    phone.queue = receipts[:1]
    phone.deliver()
    cursor = session.ask("GET", "/v1/app/changes?maxBytes=1000000")["cursor"]
    waiting: list = []
    waiter = threading.Thread(target=lambda: waiting.append(refused(lambda: session.ask(
        "GET", f"/v1/app/changes?maxBytes=4096&waitMs=20000&cursor={cursor}"))))
    waiter.start()
    server.order("--revoke", phone.device)
    phone.line = server.line(f"Bearer {phone.key}")
    phone.queue = copy.deepcopy(receipts)
    assert refused(phone.deliver).code == "device_revoked"
    assert refused(lambda: heartbeat(phone)).code == "device_revoked"
    assert refused(lambda: login(phone, 1)).code == "device_revoked"
    accounting.send(good("g9"))  # ends the wait
    waiter.join(30)
    assert waiting and waiting[0].code == "device_revoked", "nothing is told behind the wait"

    server.order("--rescue", "Phone 1")
    assert refused(lambda: heartbeat(phone)).code == "device_revoked"
    answers = {one["docId"]: one["status"] for one in phone.deliver()["result"]}
    assert answers == {receipts[0]["docId"]: "duplicate", receipts[1]["docId"]: "stored",
                       receipts[2]["docId"]: "stored"}
    accounting.fetch_all()
    assert list(accounting.booked) == [receipts[0]["docId"]]
    server.kill()
    server.start()
    accounting.line = server.accounting_line()
    aside = rows(server.order("--quarantine"))
    assert {(row["document"], row["reason"]) for row in aside} == \
        {(receipts[1]["docId"], "rescued"), (receipts[2]["docId"], "rescued")}
    server.order("--admit", receipts[1]["docId"])
    server.order("--discard", receipts[2]["docId"])
    assert server.command_line("--admit", receipts[1]["docId"]).returncode == 1
    accounting.fetch_all()
    assert set(accounting.booked) == {one["docId"] for one in receipts[:2]}

    assert phone.enroll()["deviceId"] == phone.device, "the same card"
    phone.queue = copy.deepcopy(receipts)
    told = phone.deliver()
    answers = [one["status"] for one in told["result"]]
    assert answers == ["duplicate", "duplicate", "stored"], "an enrolled phone's are always taken"
    assert not told.get("missingSeq")
    accounting.fetch_all()
    assert set(accounting.booked) == {one["docId"] for one in receipts}
    assert not accounting.doubled


# --- tasks ---------------------------------------------------------------------------------------


def test_task_is_released_and_a_late_result_is_kept(server, accounting):
    accounting.send([{"kind": "Task", "id": "t1", "deleted": False, "body": {"task": {
        "number": "17", "type": "inventory"}}}])
    first, second = phone_of(server, 1), phone_of(server, 2)
    login(first, 1)
    login(second, 2)
    first.line.ask("POST", "/v1/app/tasks/t1/lock", {"leaseSec": 3600})
    server.kill()
    server.start()
    locked = refused(lambda: fresh(second).ask("POST", "/v1/app/tasks/t1/lock", {"leaseSec": 60}))
    assert locked.code == "task_locked" and "Phone 1" in locked.fault["message"]
    assert rows(server.order("--tasks"))[0]["holder"] == "Phone 1"
    server.order("--release-task", "t1")
    second.line.ask("POST", "/v1/app/tasks/t1/lock", {"leaseSec": 60})
    late = first.sell()
    late["body"] = {"taskResult": {"taskId": "t1", "outcome": "done"}}
    fresh(first)
    assert first.deliver()["result"][0]["status"] == "stored"
    accounting.line = server.accounting_line()
    accounting.fetch_all()
    assert late["docId"] in accounting.booked


# --- licences ------------------------------------------------------------------------------------


@pytest.fixture(name="licd")
def _licd(tmp_path):
    shop = _licence_shop()
    vendor = shop.Vendor(tmp_path)
    server = shop.Server(tmp_path / "licd", [vendor.root])
    server.activate(vendor, f"name={LICENCE} count=3")
    server.root = tmp_path / "vendor" / "root.crt"
    yield server
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGCONT)
        server.kill()


@pytest.fixture(name="licensed")
def _licensed(tmp_path, licd):
    config = (f'[[licences]]\naddress = "*LOCAL"\nproduct = "till"\nlicence = "{LICENCE}"\n'
              f'vendor_root = "{licd.root}"\ncontact = "{CONTACT}"\n')
    server = Server(tmp_path / "sumpd", config, {"TILLHOST_RUNTIME_DIR": str(licd.runtime)}).start()
    yield server
    assert server.stop() == 0, server.log.read_text()


def works(phone: Phone) -> bool:
    return bool(fresh(phone).ask("GET", "/v1/app/changes?maxBytes=4096")["cursor"])


def delivers(phone: Phone) -> bool:
    """By the device's key: what a phone without session does."""
    session, phone.line = phone.line, phone.server.line(f"Bearer {phone.key}")
    phone.sell()
    phone.deliver()
    phone.line = session
    return not phone.queue


def test_three_seats_four_phones(licensed, licd):
    """The fourth is refused with words, and its documents are taken; a seat that is given back is
    its own soon; a kill of sumpd or licd eats no seat and ends no session."""
    accounting = accounting_of(licensed)
    phones = [phone_of(licensed, number) for number in range(1, 5)]
    for number, phone in enumerate(phones[:3], 1):
        login(phone, number)
    assert licd.used(LICENCE) == 3
    denied = refused(lambda: login(phones[3], 4))
    assert denied.code == "licence_denied" and denied.status == 403
    assert CONTACT in denied.fault["message"] and LICENCE in denied.fault["message"]
    assert all(delivers(phone) for phone in phones)
    login(phones[0], 1)  # again on the same phone: the same seat
    assert licd.used(LICENCE) == 3
    seats = rows(licensed.order("--seats"))
    assert {(row["name"], row["user"], row["standing"]) for row in seats} == \
        {(f"Phone {n}", f"user{n}", "held") for n in (1, 2, 3)}

    fresh(phones[0]).ask("POST", "/v1/app/logout", {})
    assert becomes(lambda: licd.used(LICENCE) == 2)
    login(phones[3], 4)
    assert refused(lambda: login(phones[0], 1)).code == "licence_denied"
    having = [(2, phones[1]), (3, phones[2]), (4, phones[3])]

    licensed.kill()
    licensed.start()
    assert all(works(phone) for _, phone in having)
    assert becomes(lambda: licd.used(LICENCE) == 3)
    assert becomes(lambda: all(row["standing"] == "held"
                               for row in rows(licensed.order("--seats"))))
    assert refused(lambda: login(phones[0], 1)).code == "licence_denied"

    licd.kill()
    assert all(works(phone) for _, phone in having), "a licence is lent for some time"
    away = refused(lambda: login(phones[0], 1))
    assert away.code == "too_many" and away.fault["retryAfterMs"] > 0
    assert all(delivers(phone) for phone in phones)
    licd.start()
    assert becomes(lambda: licd.used(LICENCE) == 3)
    assert becomes(lambda: refused(lambda: login(phones[0], 1)).code == "licence_denied")
    assert all(works(phone) for _, phone in having)

    licensed.order("--revoke", phones[1].device)
    assert becomes(lambda: licd.used(LICENCE) == 2)
    login(phones[0], 1)
    assert licensed.stop() == 0
    assert becomes(lambda: licd.used(LICENCE) == 0), "the end gives all back"
    licensed.start()
    assert works(phones[0])
    assert becomes(lambda: licd.used(LICENCE) == 3)
    accounting.line = licensed.accounting_line()
    accounting.fetch_all()
    sent = {doc_id for phone in phones for doc_id in phone.sent}
    assert set(accounting.booked) == sent and not accounting.doubled


def test_a_licence_server_that_hangs(licensed, licd):
    """Holds neither documents nor those who have their session, and no login for long."""
    accounting_of(licensed)
    phones = [phone_of(licensed, number) for number in range(1, 4)]
    login(phones[0], 1)
    licd.process.send_signal(signal.SIGSTOP)
    hanging: list = []
    threads = [threading.Thread(target=lambda n=n: hanging.append(
        refused(lambda: login(phones[n - 1], n)))) for n in (2, 3)]
    for thread in threads:
        thread.start()
    assert works(phones[0]) and delivers(phones[0]), "while licd says nothing at all"
    for thread in threads:
        thread.join(60)
    assert [one.code for one in hanging] == ["too_many", "too_many"]
    assert delivers(phones[1])
    licd.process.send_signal(signal.SIGCONT)
    assert becomes(lambda: _logs_in(phones[1], 2))


def _logs_in(phone: Phone, number: int) -> bool:
    try:
        login(phone, number)
    except Refused as fault:
        assert fault.code == "too_many", fault
        return False
    return True
