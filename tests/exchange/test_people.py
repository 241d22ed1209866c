# Claim: the accounting system has the last word on users and roles, and a phone sees what a role
# may; PINs lock; nothing that a role forbids keeps a receipt from the accounting system.
# Shown: by the real sumpd over TLS, with an accounting system and phones outside of it.
from __future__ import annotations

import pathlib
import sqlite3

import pytest
from accounting import Accounting, role, user
from shop import Phone, Refused, Server

PREDEFINED = ["admin", "cashier", "consultant", "courier", "store_admin"]


@pytest.fixture(name="server")
def _server(tmp_path: pathlib.Path):
    server = Server(tmp_path / "sumpd").start()
    yield server
    server.stop()


@pytest.fixture(name="accounting")
def _accounting(server: Server) -> Accounting:
    return Accounting(server)


def phone_of(server: Server, name: str = "phone-1") -> Phone:
    phone = Phone(server, name)
    phone.enroll()
    return phone


def login(phone: Phone, **how: str) -> dict:
    return phone.server.line().ask("POST", "/v1/app/login", {"deviceKey": phone.key, **how})


def changes(phone: Phone) -> dict[tuple[str, str], dict]:
    told = phone.line.ask("GET", "/v1/app/changes?maxBytes=1000000")
    assert not told["more"]
    return {(each["kind"], each["id"]): each for each in told["object"]}


def value_of(answer: dict, name: str) -> str:
    return {each["name"]: each["value"] for each in answer["permission"]}[name]


def test_predefined_roles_are_there_at_the_first_start(server: Server, accounting: Accounting):
    accounting.send([user("u1", "anna", "her password")])
    phone = phone_of(server)
    answer = phone.login("anna", "her password")
    roles = sorted(key for kind, key in changes(phone) if kind == "Role")
    assert roles == PREDEFINED
    assert value_of(answer, "sale.sell") == "true"
    assert value_of(answer, "sale.return_without_receipt") == "false"
    assert answer["policy"] == {"packetBytes": 1024 * 1024, "offlineHours": 72,
                                "offlineCardMax": "3000.00"}


def test_an_older_database_gets_them_at_the_upgrade(server: Server):
    server.stop()
    path = server.state / "sumpd" / "sumpd.db"
    for old in path.parent.glob("sumpd.db*"):
        old.unlink()
    with sqlite3.connect(path) as database:
        database.executescript(pathlib.Path(__file__).with_name("database-1.sql").read_text())
    database.close()
    server.start()
    Accounting(server).send([user("u1", "anna", "her password")])
    phone = phone_of(server)
    assert value_of(phone.login("anna", "her password"), "sale.sell") == "true"
    assert sorted(key for kind, key in changes(phone) if kind == "Role") == PREDEFINED


def test_a_role_of_the_accounting_system_holds_and_wrong_leaves_are_told(
        server: Server, accounting: Accounting):
    job = accounting.send([user("u1", "anna", "her password", role="cashier"),
                           role("cashier", "sale.return_without_receipt", "sale.fly")])
    assert job["state"] == "done"
    assert [(each["kind"], each["id"]) for each in job["error"]] == [("Role", "cashier")]
    assert "sale.fly" in job["error"][0]["message"]
    answer = phone_of(server).login("anna", "her password")
    assert value_of(answer, "sale.return_without_receipt") == "true"


def test_pin_and_badge(server: Server, accounting: Accounting):
    accounting.send([user("u1", "anna", "her password", pin="4711", badge="0012345678")])
    phone = phone_of(server)
    assert login(phone, login="anna", pin="4711")["userId"] == "u1"
    assert login(phone, badge="0012345678")["userId"] == "u1"
    for _ in range(5):
        with pytest.raises(Refused) as wrong:
            login(phone, login="anna", pin="0000")
        assert wrong.value.code == "unauthorized"
    server.kill()
    server.start()
    with pytest.raises(Refused) as locked:
        login(phone, login="anna", pin="4711")
    assert (locked.value.status, locked.value.code) == (403, "pin_locked")
    login(phone, login="anna", password="her password")
    assert login(phone, login="anna", pin="4711")["userId"] == "u1"


def test_a_pin_that_is_none_is_told(accounting: Accounting):
    job = accounting.send([user("u1", "anna", "her password", pin="47")])
    assert [each["code"] for each in job["error"]] == ["schema_invalid"]
    assert "4 to 6 digits" in job["error"][0]["message"]


def test_a_new_password_alone_holds_at_once(server: Server, accounting: Accounting):
    accounting.send([user("u1", "anna", "first password")])
    phone = phone_of(server)
    phone.login("anna", "first password")
    accounting.send([user("u1", "anna", "second password")])
    assert phone.login("anna", "second password")["userId"] == "u1"
    with pytest.raises(Refused):
        phone.login("anna", "first password")


def test_who_is_moved_to_another_store_is_logged_out(server: Server, accounting: Accounting):
    accounting.send([user("u1", "anna", "her password", storeId=["s1"])])
    phone = phone_of(server)
    phone.login("anna", "her password", storeId="s1")
    changes(phone)
    accounting.send([user("u1", "anna", "her password", storeId=["s2"])])
    with pytest.raises(Refused) as over:
        changes(phone)
    assert over.value.code == "session_expired"


def test_offline_users_are_those_of_the_store(server: Server, accounting: Accounting):
    accounting.send([user("u1", "anna", "her password", storeId=["s1"]),
                     user("u2", "vera", "vera's password"),
                     user("u3", "olga", "olga's password", storeId=["s2"])])
    answer = phone_of(server).login("anna", "her password", storeId="s1")
    users = {each["userId"]: each for each in answer["offlineUser"]}
    assert sorted(users) == ["u1", "u2"]
    assert users["u2"]["verifier"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_what_a_role_forbids_is_stored_sent_and_flagged(server: Server, accounting: Accounting):
    accounting.send([user("u1", "anna", "her password", role="consultant")])
    phone = phone_of(server)
    phone.login("anna", "her password")
    document = phone.sell()
    assert phone.deliver()["result"][0]["status"] == "stored"
    assert accounting.fetch() == 1
    assert accounting.booked[document["docId"]]["flag"] == ["sale.sell"]


def test_a_full_message_without_users_and_roles_spares_the_predefined_ones(
        server: Server, accounting: Accounting):
    accounting.send([user("u1", "anna", "her password")], full=True)
    phone = phone_of(server)
    phone.login("anna", "her password")
    assert sorted(key for kind, key in changes(phone) if kind == "Role") == PREDEFINED


def test_the_servers_key_is_its_own(server: Server):
    key = server.state / "sumpd" / "server.key"
    assert key.stat().st_mode & 0o777 == 0o600
    server.stop()
    key.chmod(0o644)
    with pytest.raises(AssertionError, match="server.key"):
        server.start()


def test_users_that_are_kept_here_are_not_the_accounting_systems(
        server: Server, accounting: Accounting):
    accounting.send([user("u1", "anna", "her password")])
    server.stop()
    with sqlite3.connect(server.state / "sumpd" / "sumpd.db") as database:
        database.execute("INSERT INTO setting VALUES ('users.keeper', '', 'here', 'here', 0, '')")
    database.close()
    server.start()
    job = accounting.send([user("u1", "anna", "another password"), user("u2", "vera", "password"),
                           role("cashier")], full=True)
    assert (job["state"], job["skipped"], job["applied"]) == ("done", 3, 0)
    assert [(each["kind"], each["code"]) for each in job["error"]] == [
        ("User", "forbidden"), ("Role", "forbidden")]
    phone = phone_of(server)
    assert phone.login("anna", "her password")["userId"] == "u1"
    with pytest.raises(Refused):
        phone.login("vera", "password")
