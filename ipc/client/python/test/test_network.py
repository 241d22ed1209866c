"""Claim: a program uses another machine's devd by its name alone, sells there once, and learns what
is wrong with the way there. Shown with real devd and tillctl over loopback, and with what else may
answer at a port."""
import os
import pathlib
import socket
import threading

import pytest
import zmq

import tillhost
from counter import NetworkCounter, free_port, tea
from tillhost import messages as m

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.fixture
def shop(monkeypatch):
    made = NetworkCounter()
    monkeypatch.setenv("TILLHOST_HOSTS_DIR", str(made.hosts))
    yield made
    made.close()


def refusal(host):
    with pytest.raises(tillhost.TillhostError) as caught:
        tillhost.connect("till", host=host, deadline=10)
    assert caught.value.effect == "none"
    return caught.value.code


def test_a_workstation_pairs_sells_and_is_revoked(shop):
    assert "cashier" in shop.pair("till2")
    path = shop.hosts / "till2.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    with tillhost.connect("till", host="till2") as devd:
        sold = devd.sell("kassa", tea(), tillhost.make_operation_id(), doubt_patience=30.0)
        assert sold.state == m.OperationState.done
        assert "till2" in shop.tillctl("workstations")
        shop.tillctl("revoke", "till2")
        with pytest.raises(tillhost.TillhostError) as caught:
            devd.devices()
        assert caught.value.code == "not_paired"
    assert refusal("till2") == "not_paired"
    assert "not_paired" in shop.tillctl("--host", "till2", "--json", "devices", good=False)
    assert len(shop.documents()) == 1
    assert path.read_text().split('secret_key = "')[1][:40] not in shop.tillctl("metrics")


def test_roles_hold_over_the_network_and_change_at_once(shop):
    shop.pair("till2", "--role", "observer")
    with tillhost.connect("till", host="till2") as devd:
        assert devd.devices()[0].device == "kassa"
        with pytest.raises(tillhost.TillhostError) as caught:
            devd.sell("kassa", tea(), tillhost.make_operation_id())
        assert caught.value.code == "not_permitted"
        shop.tillctl("set-workstation", "till2", "--role", "cashier")
        assert devd.sell("kassa", tea(), tillhost.make_operation_id(),
                         doubt_patience=30.0).state == m.OperationState.done
        with pytest.raises(tillhost.TillhostError) as caught:
            devd.request("workstations")
        assert caught.value.code == "not_permitted"


def test_a_code_is_for_one_workstation_and_for_one_host(shop):
    code = shop.code("till2")
    at = f"127.0.0.1:{shop.pairing_port}"
    shop.tillctl("pair", "--with", at, code, "--save-as", "till2")
    # The door is closed; a second one finds nobody.
    assert "pairing" in shop.tillctl("pair", "--with", at, code, "--save-as", "thief", good=False)
    assert not (shop.hosts / "thief.toml").exists()
    assert "revoke" in shop.tillctl("pair", "till2", good=False)
    other = shop.code("till3")
    slip = other[:-1] + DIGITS[DIGITS.index(other[-1]) ^ 1]
    assert "typing" in shop.tillctl("pair", "--with", at, slip, good=False)
    shop.tillctl("pair", "--close")
    assert "till3" not in shop.tillctl("workstations")


def test_five_wrong_codes_close_the_door(shop):
    """The secret is characters 14 to 19; a code that only differs there is one of the same host."""
    code = shop.code("till2")
    wrong = with_other_secret(code)
    at = f"127.0.0.1:{shop.pairing_port}"
    for _ in range(5):
        assert "pair" in shop.tillctl("pair", "--with", at, wrong, "--save-as", "x", good=False)
    shop.tillctl("pair", "--with", at, code, "--save-as", "x", good=False)
    assert 'tillhost_pairing_wrong_codes_total 5' in shop.tillctl("metrics")
    assert "no workstation" in shop.tillctl("workstations")


def with_other_secret(code):
    """Bits 66 to 95 are the secret, the last four the remainder by x^4 + x + 1."""
    bits = "".join(f"{DIGITS.index(c):05b}" for c in code if c != "-")
    content = bits[:95] + ("1" if bits[95] == "0" else "0")
    rest = 0
    for bit in content + "0000":
        rest = (rest << 1) | int(bit)
        rest ^= 0x13 if rest & 0x10 else 0
    bits = content + f"{rest:04b}"
    return "".join(DIGITS[int(bits[at:at + 5], 2)] for at in range(0, 100, 5))


def test_a_key_is_rolled_and_the_old_one_is_worth_nothing(shop):
    shop.pair("till2")
    old = (shop.hosts / "till2.toml").read_text()
    shop.tillctl("--host", "till2", "roll-key")
    assert (shop.hosts / "till2.toml").read_text() != old
    with tillhost.connect("till", host="till2") as devd:
        assert devd.devices()
    (shop.hosts / "old.toml").write_text(old)
    assert refusal("old") == "not_paired"


def test_what_is_known_survives_a_restart(shop):
    shop.pair("till2")
    shop.kill_devd()
    shop.start_devd()
    with tillhost.connect("till", host="till2") as devd:
        assert devd.devices()


def test_another_key_another_service_and_nobody_are_told_apart(shop):
    shop.pair("till2")
    known = (shop.hosts / "till2.toml").read_text()
    shop.kill_devd()
    (shop.folder / "state/network.key").unlink()
    shop.start_devd()
    assert refusal("till2") == "wrong_host_key"
    context = zmq.Context()
    plain = context.socket(zmq.ROUTER)
    port = plain.bind_to_random_port("tcp://127.0.0.1")
    (shop.hosts / "plain.toml").write_text(known.replace(str(shop.port), str(port)))
    assert refusal("plain") == "not_encrypted"
    plain.close(0)
    context.term()
    (shop.hosts / "nobody.toml").write_text(known.replace(str(shop.port), str(free_port())))
    assert refusal("nobody") == "no_daemon"
    assert refusal("unheard-of") == "not_paired"
    assert refusal("../x") == "bad_field"


def test_a_web_server_is_no_tillhost(shop):
    shop.pair("till2")
    with socket.socket() as web:
        web.bind(("127.0.0.1", 0))
        web.listen()

        def answer():
            line, _ = web.accept()
            with line:
                line.recv(64)
                line.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        known = (shop.hosts / "till2.toml").read_text()
        (shop.hosts / "web.toml").write_text(
            known.replace(str(shop.port), str(web.getsockname()[1])))
        assert refusal("web") == "not_encrypted"
        thread.join(10)


def test_the_doctor_says_how_the_network_is(shop):
    shop.pair("till2")
    told = shop.tillctl("doctor")
    assert f"tcp://127.0.0.1:{shop.port}, 1 workstations paired, 0 connected" in told


def test_the_host_of_the_environment_is_used(shop):
    shop.pair("till2")
    shop.environment["TILLHOST_HOST"] = "till2"
    shop.environment["TILLHOST_RUNTIME_DIR"] = "/nowhere"
    assert "kassa" in shop.tillctl("devices")
    assert pathlib.Path(shop.hosts).is_dir() and os.environ["TILLHOST_HOSTS_DIR"]
