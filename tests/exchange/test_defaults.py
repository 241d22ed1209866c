"""Claim: a command that names no device goes to the default of who gives it: the user's, else the
app's, the store's, the server's; that is chosen once, and a rule that cannot be followed is told by
its name. Shown with the programs as they are shipped, by four registrars and the console."""
from __future__ import annotations

import pathlib
import sqlite3
import time

import pytest
from accounting import Accounting, user
from counter import Counter
from shop import Phone, Refused, Server, free_port
from test_console import Browser
from test_devices import command_id, outcome, receipt, start

REGISTRARS = ("kassa", "of-store", "of-app", "of-user")


@pytest.fixture(name="counter", scope="module")
def _counter():
    counter = Counter(REGISTRARS, terminal=True)
    yield counter
    counter.close()


@pytest.fixture(name="server")
def _server(tmp_path, counter):
    server = Server(tmp_path / "sumpd", f'[[console]]\nport = "{free_port()}"\n[[devices]]\n'
                    f'endpoint = "{counter.endpoint}"\nregistrar = "kassa"\n').start()
    Accounting(server).send([user("u1", "anna", "a good password", storeId=["s1"])])
    yield server
    assert server.stop() == 0, server.log.read_text()


@pytest.fixture(name="browser")
def _browser(server):
    text = (server.config / "sumpd.toml").read_text()
    port = int(text.split('[[console]]\nport = "')[1].split('"')[0])
    browser = Browser(server, port).wait()
    browser.set_up()
    return browser


@pytest.fixture(name="phone")
def _phone(server):
    phone = Phone(server, "phone-1")
    phone.device_id = phone.enroll()["deviceId"]
    phone.login("anna", "a good password", storeId="s1")
    return phone


def choose(browser: Browser, rule: str, of: str, registrar: str) -> None:
    status, text, _ = browser.call("POST", "/settings/device-defaults/set", {
        "rule": rule, "of": of, "registrar": registrar, "terminal": ""})
    assert status == 303, text


def marked(phone: Phone) -> dict:
    """Devices that are a default, with whose."""
    return {one["ref"]: one["defaultRule"]
            for one in phone.line.ask("GET", "/v1/app/devices")["device"] if "defaultRule" in one}


def sold_at(phone: Phone, name: str = "") -> tuple[str, str]:
    """A receipt without a device: where it was printed, and by whose rule."""
    name = name or command_id()
    start(phone, name, "receipt", receipt(), force=True)
    told = outcome(phone, name)
    assert told["state"] == "done", told
    return told["deviceRef"], told["defaultRule"]


def test_four_rules_in_turn(phone, browser, counter):
    before = {one: len(counter.documents(one)) for one in REGISTRARS}
    assert sold_at(phone) == ("kassa", "server")
    choose(browser, "store", "s1", "of-store")
    assert sold_at(phone) == ("of-store", "store")
    choose(browser, "app", phone.device_id, "of-app")
    assert sold_at(phone) == ("of-app", "app")
    choose(browser, "user", "u1", "of-user")
    assert sold_at(phone) == ("of-user", "user")
    assert marked(phone) == {"of-user": "user"}
    assert {one: len(counter.documents(one)) - before[one] for one in REGISTRARS} == \
        dict.fromkeys(REGISTRARS, 1)
    name = command_id()
    start(phone, name, "receipt", receipt(), deviceRef="kassa", force=True)
    told = outcome(phone, name)
    assert told["deviceRef"] == "kassa" and "defaultRule" not in told
    for rule, of in (("user", "u1"), ("app", phone.device_id), ("store", "s1")):
        choose(browser, rule, of, "")
    assert marked(phone) == {"kassa": "server"}
    acts = browser.get("/settings/audit")
    assert "default.set" in acts and "user u1 registrar" in acts


def test_a_repeat_never_chooses_again(phone, browser, counter, server):
    choose(browser, "app", phone.device_id, "of-app")
    name = command_id()
    before = len(counter.documents("of-app")), len(counter.documents("of-user"))
    assert sold_at(phone, name) == ("of-app", "app")
    choose(browser, "user", "u1", "of-user")
    assert sold_at(phone, name) == ("of-app", "app")
    server.kill()
    server.start()
    assert sold_at(phone, name) == ("of-app", "app")
    assert sold_at(phone) == ("of-user", "user"), "kept over a kill"
    browser.wait().sign_in()
    browser.call("POST", "/registrars/of-app/visible", {"visible": "no"})
    assert sold_at(phone, name) == ("of-app", "app"), "told, although it is hidden now"
    browser.call("POST", "/registrars/of-app/visible", {"visible": "yes"})
    after = len(counter.documents("of-app")), len(counter.documents("of-user"))
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


def test_a_repeat_behind_a_copy_that_was_put_back(phone, browser, counter, server, tmp_path):
    """The receipt and the default that chose its device came behind the copy, and the phone's
    answer was lost: it is told what devd has, is not told that it failed, and prints nothing."""
    assert sold_at(phone) == ("kassa", "server")
    copy = tmp_path / "copy.db"
    server.order("--backup", str(copy))
    choose(browser, "app", phone.device_id, "of-app")
    before = {one: len(counter.documents(one)) for one in REGISTRARS}
    name = command_id()
    assert sold_at(phone, name) == ("of-app", "app")
    server.stop()
    server.order("--restore", str(copy))
    server.start()
    phone.login("anna", "a good password", storeId="s1")
    start(phone, name, "receipt", receipt(), force=True)
    told = outcome(phone, name)
    assert told["state"] == "done", told
    assert '"of-app"' in told["result"]
    after = {one: len(counter.documents(one)) - before[one] for one in REGISTRARS}
    assert after == {**dict.fromkeys(REGISTRARS, 0), "of-app": 1}


def refused(phone: Phone, op: str = "receipt", payload: dict | None = None) -> dict:
    with pytest.raises(Refused) as caught:
        start(phone, command_id(), op, receipt() if payload is None else payload, force=True)
    return caught.value.fault


def test_a_rule_that_cannot_be_followed_is_told(phone, browser, server):
    choose(browser, "user", "u1", "of-user")
    browser.call("POST", "/registrars/of-user/visible", {"visible": "no"})
    fault = refused(phone)
    assert fault["code"] == "default_unusable" and fault["field"] == "deviceRef"
    assert "the user's default registrar of-user is not shown to apps" in fault["message"]
    assert marked(phone) == {}, "no other rule in its place"
    browser.call("POST", "/registrars/of-user/visible", {"visible": "yes"})
    assert refused(phone, "end_of_day", {})["code"] == "schema_invalid", "no terminal is set"
    status, text, _ = browser.call("POST", "/settings/device-defaults/set", {
        "rule": "user", "of": "u1", "registrar": "pos", "terminal": ""})
    assert status == 200 and "pos" in text, "a terminal is no registrar"
    server.stop()
    with sqlite3.connect(server.state / "sumpd" / "sumpd.db") as database:
        database.execute("UPDATE default_device SET device_ref = 'gone'")
    database.close()
    server.start()
    assert "default registrar gone is not there" in refused(phone)["message"]
    server.stop()
    with sqlite3.connect(server.state / "sumpd" / "sumpd.db") as database:
        database.execute("UPDATE default_device SET device_ref = 'pos'")
    database.close()
    server.start()
    fault = refused(phone)
    assert fault["code"] == "default_unusable" and "of another kind" in fault["message"]


def test_an_older_database(server, counter):
    """Of version 1: what it held of commands stays, and new ones have defaults."""
    server.stop()
    path = server.state / "sumpd" / "sumpd.db"
    for old in path.parent.glob("sumpd.db*"):
        old.unlink()
    with sqlite3.connect(path) as database:
        database.executescript(pathlib.Path(__file__).with_name("database-1.sql").read_text())
        database.execute("INSERT INTO device_command VALUES ('c1', 'a1', 'kassa', 'x_report', '{}',"
                         f" 'h', {int(time.time() * 1000)}, 3, '', '', 1)")
    database.close()
    server.start()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT default_rule, asks_person FROM device_command").fetchall() \
            == [(0, 0)]
    database.close()
    Accounting(server).send([user("u1", "anna", "a good password")])
    phone = Phone(server, "phone-1")
    phone.enroll()
    phone.login("anna", "a good password")
    before = len(counter.documents())
    assert sold_at(phone) == ("kassa", "server")
    assert len(counter.documents()) == before + 1
