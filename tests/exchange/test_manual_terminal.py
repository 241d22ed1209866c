"""Claim: a payment at a terminal without a link is asked of the phone's person, who says what its
paper says, above a limit twice; it is kept in devd's book once, whoever is killed between, and the
same answer again is the same answer. Shown with the programs as they are shipped."""
from __future__ import annotations

import json
import time

import pytest
from accounting import Accounting, user
from counter import Counter
from shop import Phone, Refused, Server
from test_devices import PATIENCE, command_id, insist, outcome, start

LIMIT = 10_000


def counter_by_hand(settings=""):
    """A devd with a terminal that is connected to nothing."""
    counter = Counter(devices=())
    counter.configure("byhand", 'driver = "payment/manual"\n[settings]\nterminal_id = "65000123"\n'
                      + settings)
    counter.kill_devd()
    counter.start_devd()
    return counter


@pytest.fixture(name="counter")
def _counter():
    counter = counter_by_hand(f"confirm_above_minor = {LIMIT}\n")
    yield counter
    counter.close()


@pytest.fixture(name="server")
def _server(tmp_path, counter):
    server = Server(tmp_path / "sumpd", f'[[devices]]\nendpoint = "{counter.endpoint}"\n'
                    'terminal = "byhand"\n').start()
    Accounting(server).send([user("u1", "anna", "a good password")])
    yield server
    assert server.stop() == 0, server.log.read_text()


@pytest.fixture(name="phone")
def _phone(server):
    phone = Phone(server, "phone-1")
    phone.enroll()
    phone.login("anna", "a good password")
    return phone


def prompted(phone: Phone, name: str) -> dict:
    end = time.monotonic() + PATIENCE
    while True:
        told = insist(lambda: phone.line.ask("GET", f"/v1/app/commands/{name}?waitMs=500"))
        if "prompt" in told:
            return told
        assert time.monotonic() < end, told


def pay(phone: Phone, amount: int = 1250, name: str = "") -> str:
    name = name or command_id()
    start(phone, name, "authorise", {"amount_minor": amount, "currency": "EUR"}, force=True)
    told = prompted(phone, name)
    assert told["state"] == "running" and told["deviceRef"] == "byhand", told
    assert told["prompt"]["amountMinor"] == amount and told["prompt"]["currency"] == "EUR"
    return name


def answer(phone: Phone, name: str, **said) -> dict:
    """Repeated while sumpd says that it may be."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return insist(lambda: phone.line.ask(
                "POST", f"/v1/app/commands/{name}/answer", said))
        except Refused as refused:
            if not refused.fault.get("retryable") or time.monotonic() > end:
                raise
            time.sleep(0.1)


def approve(phone: Phone, name: str, amount: int = 1250, slip: int = 17, **more) -> dict:
    return answer(phone, name, outcome="approved", amountMinor=amount, receiptNumber=slip,
                  authorisationCode="A1B2C3", reference="123456789012", **more)


def refusal(ask) -> dict:
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.fault


def in_the_book(counter: Counter) -> list[tuple[str, str]]:
    with counter.connect("look") as devd:
        return sorted((str(one.operation_id), one.state.name)
                      for one in devd.operations().operations)


def test_approved_and_declined(phone, counter):
    name = pay(phone)
    assert prompted(phone, name)["prompt"]["text"] == "charge 12.50 EUR"
    told = approve(phone, name)
    assert told["state"] == "done" and "prompt" not in told, told
    paid = json.loads(told["result"])["result"]["payment"]
    assert (paid["amount_minor"], paid["receipt_number"], paid["entered_by_hand"]) == \
        (1250, 17, True)
    assert approve(phone, name)["state"] == "done", "the same answer again"
    assert refusal(lambda: approve(phone, name, slip=18))["code"] == "doc_conflict"
    assert refusal(lambda: answer(phone, name, outcome="declined"))["code"] == "doc_conflict"
    other = pay(phone)
    assert refusal(lambda: approve(phone, other))["code"] == "doc_conflict", "one slip, one payment"
    assert answer(phone, other, outcome="declined")["state"] == "failed"
    assert answer(phone, other, outcome="declined")["state"] == "failed"
    assert [state for _, state in in_the_book(counter)].count("done") == 1


def test_what_is_wrong_is_named_and_it_stays_open(phone):
    name = pay(phone, LIMIT + 1)
    assert refusal(lambda: approve(phone, name, LIMIT))["field"] == "amountMinor"
    assert refusal(lambda: answer(phone, name, outcome="approved"))["field"] == "amountMinor"
    assert refusal(lambda: approve(phone, name, LIMIT + 1))["field"] == "amountAgainMinor"
    assert refusal(lambda: approve(phone, name, LIMIT + 1, amountAgainMinor=LIMIT))["field"] \
        == "amountAgainMinor"
    assert prompted(phone, name)["state"] == "running"
    assert approve(phone, name, LIMIT + 1, amountAgainMinor=LIMIT + 1)["state"] == "done"


def test_another_phone_answers_nothing(phone, server):
    name = pay(phone)
    other = Phone(server, "phone-2")
    other.enroll()
    other.login("anna", "a good password")
    assert refusal(lambda: approve(other, name))["code"] == "not_found"
    assert answer(phone, name, outcome="declined")["state"] == "failed"


def test_a_person_may_settle_it_at_devd(phone, counter):
    name = pay(phone)
    with counter.connect("look") as devd:
        version = devd.operations().operations[0].version
    told = counter.start("tillctl", "decide", name, "not_executed", "--version", str(version),
                         "--note", "the customer left")
    out, err = told.communicate(timeout=60)
    assert told.returncode == 0, out + err
    assert outcome(phone, name)["state"] == "failed"
    assert refusal(lambda: approve(phone, name))["code"] == "doc_conflict"


@pytest.mark.parametrize("victim", ["sumpd", "devd", "both"])
def test_kills_between(phone, counter, server, victim):
    def strike():
        if victim in ("sumpd", "both"):
            server.kill()
        if victim in ("devd", "both"):
            counter.kill_devd()
            counter.start_devd()
        if victim in ("sumpd", "both"):
            server.start()

    name = command_id()
    start(phone, name, "authorise", {"amount_minor": 1250, "currency": "EUR"})
    strike()
    pay(phone, name=name)
    strike()
    assert prompted(phone, name)["state"] == "running"
    assert approve(phone, name)["state"] == "done"
    strike()
    assert approve(phone, name)["state"] == "done"
    assert outcome(phone, name)["state"] == "done"
    assert [state for _, state in in_the_book(counter)] == ["done"]
