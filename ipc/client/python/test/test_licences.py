"""Claim: a Python program has a licence exactly while its lease or the grace runs, whatever happens
to connection and server. Shown against a fake server on real sockets, time moved by hand."""
import socket
import threading
import time

import pytest
import zmq

import tillhost
from fake_licd import NONCE, SALT, SERVER_KEY, FakeLicd
from tillhost import licence_search, licences
from tillhost.licences import Licences, Standing
from tillhost.messages import LicenceEnd


class Clock:
    ahead = 0.0

    def __call__(self):
        return time.clock_gettime(time.CLOCK_BOOTTIME) + self.ahead


@pytest.fixture
def licd(tmp_path):
    made = FakeLicd(f"ipc://{tmp_path}/licd.sock")
    yield made
    made.stop()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def program(licd, clock):
    with Licences("till", local_endpoint=licd.endpoint, instance="till-3-b5e1",
                  clock=clock) as made:
        yield made


def code_of(call, *words, **names):
    with pytest.raises(tillhost.TillhostError) as caught:
        call(*words, **names)
    return caught.value.code


def test_takes_and_gives_back(licd, program):
    lease = program.acquire("till.base")
    assert lease.standing is Standing.held and 590 < lease.left <= 600
    assert program.acquire("till.base") is lease
    assert licd.hello.instance == "till-3-b5e1" and licd.hello.computer
    program.release(lease)
    assert lease.standing is Standing.gone and not licd.leases


def test_end_gives_everything_back(licd):
    with Licences("till", local_endpoint=licd.endpoint) as program:
        program.acquire("till.base")
    assert not licd.leases


def test_only_what_may_pass_is_tried_again(licd, program):
    licd.refuses = ["licence_expired"]
    assert code_of(program.acquire, "till.base") == "licence_expired"
    licd.refuses = ["retry_later", "retry_later"]
    program.acquire("till.base")
    assert licd.kinds.count("acquire_licence") == 4


def test_stands_in_line(licd, program):
    licd.leases["another"] = (99, "till.base")
    assert code_of(program.acquire, "till.base") == "no_seat"
    places = []

    def watch(place):
        places.append(place.place)
        licd.leases.clear()
        return True

    program.acquire("till.base", wait=10, watch=watch)
    assert places == [1]


def test_leaves_the_line(licd, program):
    licd.leases["another"] = (99, "till.base")
    assert code_of(program.acquire, "till.base", wait=5, watch=lambda _: False) == "no_seat"
    assert licd.kinds[-1] == "release_licence"


def test_lost_answer_takes_no_second_seat(licd, program):
    licd.loses_answer = True
    lease = program.acquire("till.base")
    assert lease.number == 1 and len(licd.leases) == 1


def test_beats_renew_and_count_use(licd, program, clock):
    lease = program.acquire("till.base")
    clock.ahead += 300
    program.used()
    assert program.beat() == 60
    assert licd.used == 1 and lease.left > 590


def test_the_servers_word_ends_a_lease(licd, program):
    lease = program.acquire("till.base")
    licd.ends = LicenceEnd.revoked
    program.beat()
    assert lease.standing is Standing.gone and lease.why == LicenceEnd.revoked
    assert licd.kinds[-1] == "release_licence"  # so that its seat becomes free


def test_restart_is_not_noticed(licd, program):
    lease = program.acquire("till.base")
    licd.stop()
    licd.start()
    program.beat()
    assert lease.standing is Standing.held and licd.kinds.count("licence_hello") == 2


def test_grace_and_its_end(licd, program, clock):
    lease = program.acquire("till.base")
    licd.stop()
    clock.ahead += 601
    assert code_of(program.beat, deadline=1) == "no_daemon"
    assert lease.standing is Standing.grace
    clock.ahead += 900
    assert lease.standing is Standing.gone and lease.why == LicenceEnd.expired
    licd.start()
    program.beat()
    assert lease.standing is Standing.gone and "beat_licences" not in licd.kinds


def test_grace_is_not_for_a_server_that_does_not_renew(licd, program, clock):
    lease = program.acquire("till.base")
    licd.renews = False
    clock.ahead += 601
    program.beat()
    assert lease.standing is Standing.gone


def test_access_code_is_proved(licd, program):
    licd.code = licences.code_proof("2468", SALT, NONCE)
    assert code_of(program.acquire, "till.base", access_code="1357") == "access_code_wrong"
    program.acquire("till.base", access_code="2468")


def test_access_code_is_that_of_the_c_side():
    """The argon2id vector of licd/wire/test/access_code_test.cpp, under HMAC of 32 bytes 0xCD."""
    import hmac
    key = bytes.fromhex("a019213e057ba4da0d1b0d81a9c8e20b06ecc61bc413c382bb047999c4fcbf59")
    assert licences.code_proof("2468-till", b"saltsaltsaltsalt", bytes([0xCD]) * 32) == (
        hmac.digest(key, bytes([0xCD]) * 32, "sha256"))


def test_thread_beats(licd, program):
    lease = program.acquire("till.base")
    program.start_beats()
    until = time.monotonic() + 20
    while "beat_licences" not in licd.kinds:
        assert time.monotonic() < until
    assert lease.standing is Standing.held


class Answers:
    """Answers searches as a server would, but for the signature."""

    def __init__(self, licd):
        self.port = int(licd.address.rpartition(":")[2])
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", self.port))
        self._curve = licd.curve[0]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            packet, sender = self._socket.recvfrom(1024)
            if packet == b"end":
                self._socket.close()
                return
            self._socket.sendto(
                b"licdans1" + packet[8:24] + self.port.to_bytes(2, "big") + bytes(2)
                + zmq.utils.z85.decode(self._curve) + SERVER_KEY + b"\x04shop\x06server"
                + bytes(64), sender)

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"end", ("127.0.0.1", self.port))


@pytest.fixture
def network():
    licd = FakeLicd("tcp://127.0.0.1:*", zmq.curve_keypair())
    answers = Answers(licd)
    yield licd
    answers.close()
    licd.stop()


def test_address_is_asked_and_pinned(network, tmp_path):
    pins = str(tmp_path / "servers.toml")
    with Licences("till", servers=network.address, pins=pins) as program:
        program.acquire("till.base")
    kept = licence_search.Pins(pins)
    kept.load()
    assert kept.servers[0].curve_key == network.curve[0].decode()
    text = open(pins, encoding="utf-8").read()
    with open(pins, "w", encoding="utf-8") as file:
        file.write(text.replace(network.curve[0].decode(), zmq.curve_keypair()[0].decode()))
    with Licences("till", servers=network.address, pins=pins) as program:
        assert code_of(program.acquire, "till.base", deadline=1) == "wrong_host_key"


def test_server_is_found(network, tmp_path):
    port = int(network.address.rpartition(":")[2])
    with Licences("till", servers="*AUTO", search_port=port, search_at=("127.0.0.1",)) as program:
        program.acquire("till.base")
    assert len(network.kinds) == 3


def test_servers_are_read():
    read = licence_search.parse_servers("one, two:15300")
    assert [one.address for one in read] == ["one:15200", "two:15300"]
    for wrong in ("", "one,", "one:0", "one#key", "a b"):
        with pytest.raises(tillhost.FieldError):
            licence_search.parse_servers(wrong)


def test_group_and_load_decide():
    server = licence_search.Server
    found = [server("a", "k", "s", load=0), server("b", "k", "t", group="shop", load=9),
             server("c", "k", "u", group="shop", load=1)]
    assert [one.address for one in licence_search.in_order(found, [], "shop")] == ["c", "b", "a"]
    assert [one.address for one in licence_search.in_order(found, [found[0]], "shop")] == ["a"]
