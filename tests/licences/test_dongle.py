"""A dongle end to end: the vendor enrols it, licd lends while it is plugged in. licissue, licd,
devd and the clients as they are shipped; the dongle is devsim's, over a pseudo-terminal."""
from __future__ import annotations

import os
import subprocess

import pytest
from shop import PROGRAMS, Dongles, Server, Vendor
from test_licd import becomes, code_of, program

from tillhost.licences import Standing

ACTIVE, GRACE, BLOCKED = 2, 4, 8
MISSING, REFUSES = 6, 7
MODEL = b"tillhost sim 001".hex()
SERIAL = "2000-0000-0001"
LINE = "name=till.base count=2 mode=instance"


@pytest.fixture(scope="module")
def vendor(tmp_path_factory):
    return Vendor(tmp_path_factory.mktemp("vendor"))


@pytest.fixture
def dongles(tmp_path):
    made = Dongles(tmp_path / "devices")
    yield made
    made.close()


@pytest.fixture
def makers(tmp_path, dongles):
    folder = tmp_path / "makers"
    folder.mkdir()
    (folder / "maker.pem").write_text(root_of(dongles))
    return folder


@pytest.fixture
def server(tmp_path, vendor, dongles):
    made = Server(tmp_path / "licd", [vendor.root],
                  f'[[devices]]\nendpoint = "{dongles.endpoint}"\n')
    yield made
    if made.process.poll() is None:
        made.kill()


def root_of(dongles: Dongles) -> str:
    """The maker's root, wherever devsim's state has it."""
    def search(value):
        if isinstance(value, str) and "BEGIN CERTIFICATE" in value:
            return value
        parts = value.values() if isinstance(value, dict) else value if isinstance(
            value, list) else ()
        return next(filter(None, map(search, parts)), None)
    found = search(dongles.ctl("state"))
    assert found
    return found


def stands(server: Server, state: int, serial: str = SERIAL) -> bool:
    return becomes(lambda: server.key(serial)["state"] == state)


def test_a_dongle_comes_goes_and_comes(vendor, dongles, makers, server, tmp_path):
    key = vendor.dongle_key(dongles.enrol(SERIAL), makers, MODEL, LINE, serial=SERIAL)
    server.load(key)
    assert stands(server, ACTIVE)
    assert server.key(SERIAL)["device"] == "token"
    with program(server) as till, program(server) as other:
        lease = till.acquire("till.base")
        dongles.pull()
        assert stands(server, GRACE)
        gone = server.key(SERIAL)
        assert gone["reason"] in (MISSING, REFUSES) and 0 < gone["left_s"] <= 600
        assert code_of(lambda: other.acquire("till.base"))[0] == "dongle_missing"
        till.beat()
        assert lease.standing is Standing.held
        dongles.plug()
        assert stands(server, ACTIVE)
        assert other.acquire("till.base").seat == 2

    # The program that checks signatures has no answer of the vendor for this server.
    root = tmp_path / "root.crt"
    root.write_text(vendor.root)
    ran = subprocess.run(
        [PROGRAMS / "licence_example", "*LOCAL", "till", "till.base", root, "1"],
        env={**os.environ, "TILLHOST_RUNTIME_DIR": str(server.runtime)}, text=True,
        capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr

    # A later revision is taken while programs work.
    with program(server) as till:
        lease = till.acquire("till.base")
        server.load(vendor.revised(SERIAL,
                                   "name=till.base count=3 mode=instance", "name=till.weigh"))
        assert server.key(SERIAL)["state"] == ACTIVE
        assert server.key(SERIAL)["revision"] == 2
        till.beat()
        assert lease.standing is Standing.held
        assert till.acquire("till.weigh").seat == 0


def test_devd_is_missed_and_found_again(vendor, dongles, makers, server):
    server.load(vendor.dongle_key(dongles.enrol("a"), makers, MODEL, LINE,
                                  serial="2000-0000-0002"))
    assert stands(server, ACTIVE, "2000-0000-0002")
    dongles.kill()
    assert stands(server, GRACE, "2000-0000-0002")
    dongles.start()
    assert stands(server, ACTIVE, "2000-0000-0002")
    server.kill()
    server.start()
    assert stands(server, ACTIVE, "2000-0000-0002")


def test_without_grace_a_pulled_dongle_blocks_its_key_at_once_and_licd_alone_gives_nothing(
        vendor, dongles, makers, server):
    serial = "2000-0000-0003"
    server.load(vendor.dongle_key(dongles.enrol("a"), makers, MODEL, LINE, serial=serial,
                                  grace_s=0))
    assert stands(server, ACTIVE, serial)
    with program(server) as till, program(server) as other:
        lease = till.acquire("till.base")
        dongles.pull()
        assert stands(server, BLOCKED, serial)
        till.beat()
        assert lease.standing is Standing.held  # what was promised runs to its end
        assert code_of(lambda: other.acquire("till.base"))[0] == "dongle_missing"
    dongles.kill()
    server.kill()
    server.start()
    with program(server) as till:
        assert code_of(lambda: till.acquire("till.base"))[0] == "dongle_missing"


def test_a_dongle_that_was_reset_is_another_one(vendor, dongles, makers, server):
    serial = "2000-0000-0004"
    server.load(vendor.dongle_key(dongles.enrol("a"), makers, MODEL, LINE, serial=serial))
    assert stands(server, ACTIVE, serial)
    dongles.ctl("fault", "forget")
    dongles.pull()
    assert stands(server, GRACE, serial)
    dongles.plug()
    with program(server) as till:
        assert code_of(lambda: till.acquire("till.base"))[0] == "dongle_missing"


def test_only_dongles_of_a_maker_and_model_that_the_vendor_takes_are_enrolled(
        vendor, dongles, makers, tmp_path):
    enrolment = dongles.enrol("a")
    nobody = tmp_path / "nobody"
    nobody.mkdir()

    def refused(folder=makers, model=MODEL, **changes) -> str:
        return vendor.dongle_key({**enrolment, **changes}, folder, model, LINE,
                                 serial="2000-0000-0009", good=False)
    assert "--attestation-roots" in refused(folder=nobody)
    assert "not among those" in refused(model="0" * 32)
    assert "does not hold" in refused(signature=enrolment["challenge"])
    assert "another relying party" in refused(rp="other.example")
    assert "it may be a program" in refused(certificates=[])
    assert "2000-0000-0009" not in vendor.ask("list")
