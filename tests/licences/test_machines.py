"""A key and the machine it was bound to.

Claim: a key stops when its machine has become another one, says why, and a further PIN of it
brings it back; a PIN that was used is of no use on a second machine.
Shown: the real licissue and licd, licd in namespaces in which the machine has another name and id.
"""
from __future__ import annotations

import subprocess

import pytest
from shop import Server, Vendor, in_namespace

from tillhost.errors import TillhostError
from tillhost.licences import Licences

ACTIVE, GRACE, BLOCKED = 2, 4, 8
LINE = "name=till.base count=1 mode=instance"
SERIAL = "2000-0000-0001"

pytestmark = pytest.mark.skipif(
    subprocess.run(in_namespace("true"), capture_output=True).returncode != 0,
    reason="this machine lets no test make namespaces")


@pytest.fixture(scope="module")
def vendor(tmp_path_factory):
    return Vendor(tmp_path_factory.mktemp("vendor"))


@pytest.fixture
def server(tmp_path, vendor):
    made = Server(tmp_path / "licd", [vendor.root], machine="counter-1")
    yield made
    if made.process.poll() is None:
        made.kill()


def move(server: Server, machine: str, serial: str) -> dict:
    """The same folders, found by licd on another machine."""
    server.kill()
    server.machine = machine
    server.start()
    return server.key(serial)


def test_a_used_pin_is_of_no_use_on_a_second_machine(vendor, server, tmp_path):
    key, pins = vendor.key(LINE, serial="2000-0000-0002")
    server.load(key)
    server.load(vendor.answer(server.request(pins[0], "2000-0000-0002")))
    second = Server(tmp_path / "second", [vendor.root], machine="counter-2")
    try:
        second.load(key)
        refused = vendor.answer(second.request(pins[0], "2000-0000-0002"), good=False)
        assert "machine" in refused and "PIN" in refused, refused
        answered = second.load(vendor.answer(second.request(pins[1], "2000-0000-0002")))
        assert answered["state"] == ACTIVE
    finally:
        second.kill()


def test_a_strict_key_stops_on_another_machine_and_a_further_pin_brings_it_back(vendor, server):
    key, pins = vendor.key(LINE, serial=SERIAL, policy="strict")
    server.load(key)
    server.load(vendor.answer(server.request(pins[0], SERIAL)))
    assert server.key(SERIAL)["state"] == ACTIVE
    moved = move(server, "counter-9", SERIAL)
    assert moved["state"] == BLOCKED and moved["score"] < 100 and moved["text"]
    with Licences("till", local_endpoint=server.endpoint) as till, \
            pytest.raises(TillhostError) as refused:
        till.acquire("till.base")
    assert refused.value.code in ("key_other_machine", "key_off")
    server.load(vendor.answer(server.request(pins[1], SERIAL)))
    assert server.key(SERIAL)["state"] == ACTIVE


def test_a_tolerant_key_works_for_a_while_and_is_well_again_at_home(vendor, server):
    serial = "2000-0000-0003"
    key, pins = vendor.key(LINE, serial=serial, slots=1)
    server.load(key)
    server.load(vendor.answer(server.request(pins[0], serial)))
    moved = move(server, "counter-9", serial)
    assert moved["state"] == GRACE and moved["text"]
    with Licences("till", local_endpoint=server.endpoint) as till:
        assert till.acquire("till.base").seat == 1
    assert move(server, "counter-1", serial)["state"] == ACTIVE
