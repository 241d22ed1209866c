"""Claim: a phone's receipt is printed on the shop's registrar and its card is taken on the shop's
terminal exactly once, and it is told truly, while sumpd and devd are killed. Shown with the
programs as they are shipped; the registrar's memory is compared with what the phone was told."""
from __future__ import annotations

import json
import random
import time
import uuid

import pytest
from accounting import Accounting, role, user
from counter import Counter
from shop import Lost, Phone, Refused, Server

PATIENCE = 120.0  # seconds
FINAL = ("done", "failed")


@pytest.fixture(name="counter")
def _counter():
    counter = Counter(terminal=True)
    yield counter
    counter.close()


@pytest.fixture(name="server")
def _server(tmp_path, counter):
    server = Server(tmp_path / "sumpd", f'[[devices]]\nendpoint = "{counter.endpoint}"\n'
                    'registrar = "kassa"\nterminal = "pos"\n').start()
    yield server
    assert server.stop() == 0, server.log.read_text()


@pytest.fixture(name="phone")
def _phone(server):
    Accounting(server).send([role("cashier", "sale.sell"), user("u1", "Anna", "a good password")])
    phone = Phone(server, "phone-1")
    phone.enroll()
    phone.login("anna", "a good password")
    return phone


def command_id() -> str:
    """A UUID of version 7."""
    now = int(time.time() * 1000)
    value = (now << 80) | (7 << 76) | (random.getrandbits(12) << 64) | (2 << 62) \
        | random.getrandbits(62)
    return str(uuid.UUID(int=value))


def receipt(price: int = 12_000) -> dict:
    return {"kind": "sale", "lines": [{"name": "Чай", "price_minor": price, "quantity_units": 1,
                                       "vat": "no_vat"}],
            "payments": [{"kind": "cash", "amount_minor": price}]}


def insist(what):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return what()
        except Lost:
            assert time.monotonic() < end
            time.sleep(0.05)


def start(phone: Phone, name: str, op: str, payload: dict, **more) -> dict:
    return insist(lambda: phone.line.ask("PUT", f"/v1/app/commands/{name}", {
        "op": op, "payload": json.dumps(payload), "timeoutMs": 60_000, "force": False, **more}))


def outcome(phone: Phone, name: str) -> dict:
    end = time.monotonic() + PATIENCE
    while True:
        told = insist(lambda: phone.line.ask("GET", f"/v1/app/commands/{name}?waitMs=2000"))
        if told["state"] in FINAL:
            return told
        assert time.monotonic() < end, told


def totals(counter: Counter) -> list[int]:
    """What the registrar's memory holds."""
    return sorted(one["total_minor"] for one in counter.documents())


def test_a_receipt_and_a_card(phone, counter):
    devices = {one["ref"]: one for one in phone.line.ask("GET", "/v1/app/devices")["device"]}
    assert devices["kassa"]["driver"] == "fiscal/toy" and "pos" in devices
    name = command_id()
    start(phone, name, "receipt", receipt())
    told = outcome(phone, name)
    assert told["state"] == "done" and told["deviceRef"] == "kassa", told
    assert start(phone, name, "receipt", receipt())["state"] == "done"
    assert totals(counter) == [12_000]
    card = command_id()
    start(phone, card, "authorise", {"amount_minor": 12_000, "currency": "EUR"})
    told = outcome(phone, card)
    assert told["state"] == "done" and told["deviceRef"] == "pos", told
    assert json.loads(told["result"])["state"] == "done"


def test_what_a_phone_must_not(phone):
    with pytest.raises(Refused) as caught:
        start(phone, command_id(), "receipt", {**receipt(), "lines": [{"name": "x"}]})
    assert caught.value.fault["field"] == "payload.receipt.lines[0].price_minor"
    with pytest.raises(Refused) as caught:
        start(phone, str(uuid.uuid4()), "receipt", receipt())
    assert caught.value.fault["field"] == "commandId"
    with pytest.raises(Refused) as caught:
        start(phone, command_id(), "set_clock", {"local_time": "2026-11-27T10:00:00"})
    assert caught.value.code in ("forbidden", "schema_invalid")
    name = command_id()
    start(phone, name, "receipt", receipt())
    with pytest.raises(Refused) as caught:
        start(phone, name, "receipt", receipt(13_000))
    assert caught.value.code == "doc_conflict"
    outcome(phone, name)


def test_a_device_that_is_not_there(phone):
    name = command_id()
    start(phone, name, "receipt", receipt(), deviceRef="none")
    told = outcome(phone, name)
    assert told["state"] == "failed" and "none" in told["error"], told


@pytest.mark.parametrize("seed", [1, 2])
def test_kills(phone, counter, server, seed):
    """Receipts while sumpd and devd are killed: the phone starts each once more, as after an answer
    that was lost, and waits; in the end the registrar's memory has what was told done."""
    chance = random.Random(seed)
    told = {}
    for number in range(12):
        name = command_id()
        price = 10_000 + number
        start(phone, name, "receipt", receipt(price))
        victim = chance.randrange(4)
        time.sleep(chance.random() * 0.08)
        if victim in (0, 2):
            server.kill()
        if victim in (1, 2):
            counter.kill_devd()
        if victim in (0, 2):
            server.start()
        start(phone, name, "receipt", receipt(price))
        if victim in (1, 2):
            counter.start_devd()
        told[price] = outcome(phone, name)
    done = sorted(price for price, one in told.items() if one["state"] == "done")
    assert totals(counter) == done
    assert len(done) >= 8, "kills may not make most of them fail"
