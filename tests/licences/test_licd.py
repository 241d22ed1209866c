"""Vendor, licence server and programs end to end: licissue, licd and the clients as they are
shipped, in folders of the test's own."""
from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
import zmq
from shop import PROGRAMS, Server, Vendor, run

import tillhost
from tillhost.connection import Connection
from tillhost.errors import TillhostError
from tillhost.hosts import Host
from tillhost.licences import Licences, Standing

ACTIVE, UNBOUND, REVOKED, BLOCKED = 2, 1, 7, 8
LINE = "name=till.base count=2"
SECONDS_MAX = 30.0
ADMINISTRATION = {"licence_keys", "licence_connections", "free_licences", "load_licence_file",
                  "remove_licence_key", "set_licence_key", "activate_licence", "licence_traits",
                  "licence_settings", "set_licence_settings", "licence_acts",
                  "pack_licence_logs"}
PROGRAMS_ASK = {"licence_hello", "acquire_licence", "beat_licences", "release_licence",
                "own_licences"}


@pytest.fixture(scope="module")
def vendor(tmp_path_factory):
    return Vendor(tmp_path_factory.mktemp("vendor"))


@pytest.fixture
def server(tmp_path, vendor):
    made = Server(tmp_path / "licd", [vendor.root])
    yield made
    if made.process.poll() is None:
        made.kill()


def program(server: Server, **more) -> Licences:
    return Licences("till", local_endpoint=server.endpoint, **more)


def code_of(call) -> tuple[str, str]:
    with pytest.raises(TillhostError) as refused:
        call()
    return refused.value.code, refused.value.text


def becomes(what) -> bool:
    until = time.monotonic() + SECONDS_MAX
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_from_nothing_to_a_licence(vendor, server):
    key, pins = vendor.key(LINE, serial="1000-0000-0001")
    assert server.load(key)["state"] == UNBOUND
    with program(server) as till:
        assert code_of(lambda: till.acquire("till.base"))[0] == "key_off"
        request = server.request(pins[0], "1000-0000-0001")
        assert pins[0] not in request
        server.load(vendor.answer(request))
        assert server.key("1000-0000-0001")["state"] == ACTIVE
        lease = till.acquire("till.base")
        assert lease.standing is Standing.held and lease.seat == 1
        assert server.used("till.base", "1000-0000-0001") == 1
    assert server.used("till.base", "1000-0000-0001") == 0


def test_the_client_that_checks_signatures_believes_it_and_no_other_vendor(
        vendor, server, tmp_path, tmp_path_factory):
    server.activate(vendor, LINE, serial="1000-0000-0002")
    example = PROGRAMS / "licence_example"
    root = tmp_path / "root.crt"
    root.write_text(vendor.root)
    environment = {**os.environ, "TILLHOST_RUNTIME_DIR": str(server.runtime)}
    words = [example, "*LOCAL", "till", "till.base", root, "1"]
    working = subprocess.run(words, env=environment, text=True, capture_output=True, timeout=60)
    assert working.returncode == 0, working.stdout + working.stderr
    other = Vendor(tmp_path_factory.mktemp("other"))
    root.write_text(other.root)
    deceived = subprocess.run(words, env=environment, text=True, capture_output=True, timeout=60)
    assert deceived.returncode == 3
    assert "not of this vendor" in deceived.stderr


def test_what_is_not_the_vendors_word_is_refused_in_words(vendor, server, tmp_path_factory):
    key, pins = vendor.key("name=a count=1", "name=b count=9", serial="1000-0000-0003")
    lines = key.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith("L 1"))
    swapped = "".join(lines[:first] + [lines[first + 1], lines[first]] + lines[first + 2:])
    more = key.replace("count=1 ", "count=9 ", 1)
    foreign, _ = vendor.key("name=c count=1", serial="1000-0000-0004")
    pasted = "".join(lines[:first] + [next(line for line in foreign.splitlines(keepends=True)
                                           if line.startswith("L 1"))] + lines[first + 1:])
    stranger = Vendor(tmp_path_factory.mktemp("stranger")).key("name=a count=1")[0]
    for bad, code in ((key[:len(key) // 2], "key_damaged"), (swapped, "key_damaged"),
                      (more, "key_damaged"), (pasted, "key_damaged"), ("hello", "key_damaged"),
                      (stranger, "key_foreign")):
        got, text = code_of(lambda: server.load(bad))
        assert (got, bool(text)) == (code, True), bad[:200]
    assert server.ask("licence_keys", {}).get("keys", []) == []
    server.load(key)
    assert code_of(lambda: server.request("0000-0000-0000-0000", "1000-0000-0003"))[0] in (
        "pin_wrong", "bad_field")


def test_a_key_of_a_day_on_which_its_issuer_was_not_valid_is_refused_in_words(vendor, server):
    key, _ = vendor.key(LINE, serial="1000-0000-0015")
    issued = re.search(r" issued=(\S+)", key).group(1)
    assert server.load(vendor.signed_anew(key, issued, issued))["state"] == UNBOUND
    for day in ("2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"):
        code, text = code_of(lambda: server.load(vendor.signed_anew(key, issued, day)))
        assert code == "key_foreign" and "was not valid" in text and day[:4] in text


def test_an_answer_is_for_one_server_and_a_pin_for_one_machine(vendor, server, tmp_path):
    key, pins = vendor.key(LINE, serial="1000-0000-0005", slots=1)
    other = Server(tmp_path / "other", [vendor.root])
    try:
        server.load(key)
        other.load(key)
        answer = vendor.answer(server.request(pins[0], "1000-0000-0005"))
        assert code_of(lambda: other.load(answer))[0] == "key_foreign"
        asked = other.request(pins[0], "1000-0000-0005")
        code, text = code_of(lambda: other.load(answer))
        assert code == "key_foreign" and "another request than the one that is open" in text
        code, text = code_of(lambda: other.load(asked))
        assert code == "key_foreign" and "it is a request, which goes to the vendor" in text
        assert other.key("1000-0000-0005")["state"] == UNBOUND
        assert server.load(answer)["state"] == ACTIVE
        assert server.load(answer)["state"] == ACTIVE  # once more is harmless
    finally:
        other.kill()


def test_a_key_that_was_taken_away_is_put_back_by_its_answer(vendor, server):
    key, pins = vendor.key(LINE, serial="1000-0000-0012")
    server.load(key)
    answer = vendor.answer(server.request(pins[0], "1000-0000-0012"))
    server.load(answer)
    with program(server) as till:
        lease = till.acquire("till.base")
        server.ask("remove_licence_key", {"serial": "1000-0000-0012"})
        till.beat()
        assert lease.standing is Standing.gone
        assert code_of(lambda: till.acquire("till.base"))[0] == "licence_unknown"
        assert server.load(answer)["state"] == ACTIVE
        assert till.acquire("till.base").standing is Standing.held


def test_a_revoked_key_stops(vendor, server):
    server.activate(vendor, LINE, serial="1000-0000-0006")
    out = vendor.work / "list.lrev"
    vendor.ask("revoke", "1000-0000-0006", "--out", out)
    server.load(out.read_text())
    assert server.key("1000-0000-0006")["state"] == REVOKED
    with program(server) as till:
        assert code_of(lambda: till.acquire("till.base"))[0] == "key_revoked"


def test_files_that_are_put_back_by_hand_bring_nothing_back(vendor, server):
    key, pins = vendor.key(LINE, serial="1000-0000-0013")
    server.load(key)
    server.load(vendor.answer(server.request(pins[0], "1000-0000-0013")))
    out = vendor.work / "newer.lrev"
    vendor.key(LINE, serial="1000-0000-0099")
    vendor.ask("revoke", "1000-0000-0099", "--out", out)
    server.load(out.read_text())
    assert server.key("1000-0000-0013")["state"] == ACTIVE
    kept = server.state / "licd" / "keys"
    lists = list(kept.glob("*.lrev"))
    assert len(lists) == 1
    whole = lists[0].read_text()
    for text in (whole[:len(whole) // 2], None):
        server.kill()
        lists[0].unlink() if text is None else lists[0].write_text(text)
        server.start()
        blocked = server.key("1000-0000-0013")
        assert blocked["state"] == BLOCKED and "revocations" in blocked["text"]
    server.load(whole)
    assert server.key("1000-0000-0013")["state"] == ACTIVE
    server.kill()
    (kept / "1000-0000-0013.dongle").write_text(key)  # the blank one, an older revision
    server.start()
    assert server.ask("licence_keys", {}).get("keys", []) == []


def test_a_shorter_time_takes_nothing_from_leases_of_before(vendor, server):
    server.activate(vendor, "name=till.base count=1 mode=instance", serial="1000-0000-0014")
    with program(server) as till:
        lease = till.acquire("till.base")
        server.kill()
        (server.config / "licd.toml").write_text(
            '[[times]]\nlease_s = "70"\nkilled_s = "70"\nbeat_s = "5"\n')
        server.start()
        ends = server.ask("licence_connections", {})["connections"][0]["ends_in_ms"]
        assert ends > 500_000
        till.beat()
        assert lease.standing is Standing.held


def test_the_death_of_a_program_frees_its_seat(vendor, server):
    server.activate(vendor, LINE, serial="1000-0000-0007")
    script = ("import sys; from tillhost.licences import Licences\n"
              "till = Licences('till', local_endpoint=sys.argv[1])\n"
              "till.acquire('till.base'); print('held', flush=True); sys.stdin.read()\n")
    child = subprocess.Popen([sys.executable, "-c", script, server.endpoint], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == "held\n"
    assert server.used("till.base", "1000-0000-0007") == 1
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert becomes(lambda: server.used("till.base", "1000-0000-0007") == 0)


def test_leases_outlive_the_server(vendor, server):
    server.activate(vendor, LINE, serial="1000-0000-0008")
    with program(server) as till:
        lease = till.acquire("till.base")
        server.kill()
        server.start()
        assert server.used("till.base", "1000-0000-0008") == 1
        assert till.beat() > 0
        assert lease.standing is Standing.held
        connection = server.ask("licence_connections", {})["connections"][0]
        assert connection["number"] == lease.number
        assert server.stop() == 0
        server.start()
        assert server.used("till.base", "1000-0000-0008") == 1
    assert server.used("till.base", "1000-0000-0008") == 0


def test_an_administrator_takes_a_licence_away(vendor, server):
    server.activate(vendor, LINE, serial="1000-0000-0009")
    with program(server) as till:
        lease = till.acquire("till.base")
        assert server.ask("free_licences", {"number": lease.number})["taken"] == 1
        assert server.used("till.base", "1000-0000-0009") == 1  # until the program knows
        till.beat()
        assert lease.standing is Standing.gone
        assert becomes(lambda: server.used("till.base", "1000-0000-0009") == 0)


def test_a_key_with_an_access_code_and_one_that_is_off(vendor, server):
    server.activate(vendor, LINE, serial="1000-0000-0010")
    server.ask("set_licence_key", {"serial": "1000-0000-0010", "access_code": "sesame"})
    with program(server) as till:
        assert code_of(lambda: till.acquire("till.base"))[0] == "licence_unknown"
        assert code_of(lambda: till.acquire("till.base", access_code="Sesame"))[0] == (
            "access_code_wrong")
        assert till.acquire("till.base", access_code="sesame").seat == 1
    server.kill()
    server.start()
    with program(server) as till:
        assert till.acquire("till.base", access_code="sesame").seat == 1
    server.ask("set_licence_key", {"serial": "1000-0000-0010", "enabled": False,
                                   "access_code": ""})
    with program(server) as till:
        assert code_of(lambda: till.acquire("till.base"))[0] == "key_off"
    assert "sesame" not in server.log.read_text()


def test_over_the_network_programs_are_served_and_nobody_administers(vendor, tmp_path):
    port = 20000 + os.getpid() % 20000
    server = Server(tmp_path / "licd", [vendor.root],
                    f'[[network]]\non = "yes"\nport = "{port}"\n')
    try:
        server.activate(vendor, LINE, serial="1000-0000-0011")
        pins = tmp_path / "pins"
        with Licences("till", servers=f"127.0.0.1:{port}", pins=str(pins)) as till:
            assert till.acquire("till.base").seat == 1
            found = till._server  # what the search told: address and key
        public, secret = zmq.curve_keypair()
        stranger = Connection(f"tcp://127.0.0.1:{port}", time.monotonic() + 5,
                              Host(f"127.0.0.1:{port}", found.curve_key.encode(), public, secret))
        try:
            # The whole schema: what is for administrators is refused, what is devd's is not known.
            for kind in tillhost.messages.REQUESTS:
                with pytest.raises(TillhostError) as refused:
                    stranger.call(kind, {}, time.monotonic() + 10)
                wanted = ({"not_permitted"} if kind in ADMINISTRATION else
                          {"bad_field"} if kind in PROGRAMS_ASK else {"unknown_kind"})
                assert refused.value.code in wanted, (kind, refused.value.code)
        finally:
            stranger.close()
    finally:
        server.kill()


@pytest.mark.parametrize("text, told", [
    ('log_level = "7"\n', "log_level"),
    ('[[network]]\non = "perhaps"\n', "network.on"),
    ('[[times]]\nlease_s = "9"\n', "times.lease_s"),
    ('[[times]]\nlease_s = "900"\nkilled_s = "600"\n', "killed_s"),
    ('[[network]]\nprot = "1"\n', "network.prot"),
    ("nonsense\n", "licd.toml: line 1"),
    ('[network]\nport = "1"\n', "licd.toml: line 1: a section stands in two pairs of brackets"),
    ("[[network]]\nport = 15200\n", 'licd.toml: line 2: port = "text", in quotes'),
])
def test_a_wrong_configuration_is_told_by_its_name(vendor, tmp_path, text, told):
    (tmp_path / "licd.toml").write_text(text)
    checked = run(PROGRAMS / "licd", "--config", tmp_path, "--check")
    assert checked.returncode == 1
    assert told in checked.stderr and not re.search(r"\bstd::", checked.stderr)


def test_from_an_empty_folder_the_check_says_what_the_start_makes(vendor, tmp_path):
    environment = {**os.environ, "TILLHOST_RUNTIME_DIR": str(tmp_path / "run"),
                   "TILLHOST_STATE_DIR": str(tmp_path / "state")}

    def licd(*words, seconds=30):
        return subprocess.run([PROGRAMS / "licd", *words], env=environment, text=True,
                              capture_output=True, timeout=seconds)

    config = tmp_path / "config"
    for words in (("--check",), ()):
        missed = licd("--config", config, *words)
        assert missed.returncode == 1 and f"--config: a folder; {config} is none" in missed.stderr
    config.mkdir()
    checked = licd("--config", config, "--check")
    assert checked.returncode == 0
    assert f"{tmp_path}/state/licd, made at the start" in checked.stdout
    assert not (tmp_path / "state").exists()
    (config / "licd.toml").write_text('[[web]]\non = "no"\n')
    server = subprocess.Popen([PROGRAMS / "licd", "--config", config], env=environment,
                              stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert becomes(lambda: (tmp_path / "state" / "licd" / "licd.db").exists())
        assert "made at the start" not in licd("--config", config, "--check").stdout
    finally:
        server.kill()
        server.wait()
    forgotten = licd("--reset-web-login")
    assert f"{tmp_path}/state/licd/web-token" in forgotten.stdout


def test_a_second_licd_is_refused(vendor, server):
    environment = {**os.environ, "TILLHOST_RUNTIME_DIR": str(server.runtime),
                   "TILLHOST_STATE_DIR": str(server.state)}
    second = subprocess.run([PROGRAMS / "licd", "--config", server.config], env=environment,
                            text=True, capture_output=True, timeout=30)
    assert second.returncode == 1 and "already" in second.stderr
