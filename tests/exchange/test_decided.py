"""Claim: what a person decided about a phone's command, because the devd that answered had another
book, is acknowledged at the former devd once that is back, also when sumpd was killed between; the
decision stands, and that the device says otherwise is told to the phone and shown. Shown with the
programs as they are shipped, and a devd whose book is taken away and put back."""
from __future__ import annotations

import time

import pytest
from accounting import Accounting, user
from counter import Counter
from shop import Phone, Server, free_port
from test_console import Browser
from test_devices import PATIENCE, command_id, insist, outcome, start
from test_manual_terminal import counter_by_hand, prompted


@pytest.fixture(name="counter")
def _counter():
    counter = counter_by_hand()
    yield counter
    counter.close()


@pytest.fixture(name="browser")
def _browser(tmp_path, counter):
    port = free_port()
    server = Server(tmp_path / "sumpd", f'[[devices]]\nendpoint = "{counter.endpoint}"\n'
                    f'terminal = "byhand"\n[[console]]\nport = "{port}"\n').start()
    Accounting(server).send([user("u1", "anna", "a good password")])
    browser = Browser(server, port).wait()
    browser.set_up()
    yield browser
    assert server.stop() == 0, server.log.read_text()


def change_book(counter: Counter, taken: str, put: str) -> None:
    """devd goes away with its book, which is kept as `taken`, and comes with another one."""
    counter.kill_devd()
    (counter.folder / "state").rename(counter.folder / taken)
    (counter.folder / put).mkdir(exist_ok=True)
    (counter.folder / put).rename(counter.folder / "state")
    counter.start_devd()


def wait_until(what, told: str) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, told
        time.sleep(0.05)


def in_the_book(counter: Counter) -> list:
    with counter.connect("look") as devd:
        return list(devd.operations().operations)


@pytest.mark.parametrize("said", ["yes", "no"])
@pytest.mark.parametrize("killed", ["nobody", "sumpd"])
def test_a_decision_is_acknowledged_when_devd_is_back(browser, counter, said, killed):
    server = browser.server
    phone = Phone(server, "phone-1")
    phone.enroll()
    phone.login("anna", "a good password")
    name = command_id()
    start(phone, name, "authorise", {"amount_minor": 1250, "currency": "EUR"})
    prompted(phone, name)
    change_book(counter, "first", "second")
    wait_until(lambda: "waits for a decision" in browser.get("/settings/commands"), "not orphaned")
    assert browser.call("POST", "/settings/commands/decide", {
        "command": name, "done": said, "note": "by the slip"})[0] == 303
    decision = "done" if said == "yes" else "failed"
    assert outcome(phone, name)["state"] == decision
    if killed == "sumpd":
        server.kill()
    change_book(counter, "second", "first")
    if killed == "sumpd":
        server.start()
        browser.wait()
        assert browser.sign_in()
    [there] = in_the_book(counter)
    told = counter.start("tillctl", "decide", name, "not_executed", "--version",
                         str(there.version), "--note", "the customer left")
    out, err = told.communicate(timeout=60)
    assert told.returncode == 0, out + err
    wait_until(lambda: in_the_book(counter)[0].acknowledged, "it is kept for ever")
    [there] = in_the_book(counter)
    assert there.state.name == "failed", "it was handed over once"
    again = insist(lambda: phone.line.ask("GET", f"/v1/app/commands/{name}"))
    assert again["state"] == decision, "the decision stands"
    page = browser.get("/settings/commands")
    if said == "yes":
        assert "the device says: failed" in again["error"], again
        assert name in page and "ann decided so, but the device says: failed" in page
    else:
        assert again["error"] == "by the slip" and name not in page
    assert ("command.contradicted" in browser.get("/settings/audit")) == (said == "yes")
