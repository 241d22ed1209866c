"""What sumpd says to an accounting system and to phones that do everything wrong once: as the
contract's page has it. Shown with the simulated neighbours, in each envelope."""
import pytest

from day_shop import Shop, wait_for

FORMS = ["json", "xml", "soap11", "soap12"]


@pytest.fixture(scope="module")
def shop():
    made = Shop(registrars=(), terminal=False)
    yield made
    made.close()


@pytest.fixture
def accounting(shop):
    """Its folder stays from test to test, as the shop's numbers do."""
    started = []

    def start(*words):
        one = shop.accounting("--part-bytes", "4096", *words)
        one.start()
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()


def state(phone):
    return phone.ask("state")["phones"][0]


@pytest.fixture
def phone(shop, accounting):
    """One that has done a task, and the accounting system that has its document not yet."""
    erp = accounting()
    assert erp.act("send", goods=20, users=1, tasks=1)["done"]
    number = shop.phones = getattr(shop, "phones", 0) + 1
    people = shop.folder / f"people-{number}"
    people.write_text((shop.folder / "accounting/people").read_text() * number)
    one = shop.phone(number, people)
    one.start()
    wait_for("a task's result", lambda: state(one)["next_seq"] > 1 and state(one)["queue"] == 0)
    yield one, erp
    one.kill()


@pytest.mark.parametrize("form", FORMS)
def test_goods_come_in_each_envelope_and_form(accounting, form):
    erp = accounting("--form", form)
    for how in ({}, {"form": "xml", "bom": "true"}, {"gzip": "true"},
                {"form": "xml", "gzip": "true", "reversed": "true"}):
        last = erp.act("send", goods=200, users=1, **how)
        assert last["done"], last
        told = last["told"]  # what is as it was already counts as skipped
        assert int(told["applied"]) + int(told["skipped"]) >= 3 * 200
        assert not last["told"].get("error")


@pytest.mark.parametrize("form", FORMS)
def test_numbers_of_a_confused_database(accounting, form):
    erp = accounting("--form", form)
    assert erp.act("send", goods=20)["done"]
    first = erp.act("repeat")
    again = erp.act("repeat")
    assert first["done"] and again["done"]
    assert first["told"] == again["told"]
    assert erp.act("send", goods=21, skip=5)["done"]
    assert erp.act("other_bytes")["code"] == "message_conflict"
    assert erp.act("send", goods=21, back=3)["code"] == "stale_message"
    assert erp.act("send", goods=22)["done"]


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_part_is_not_applied(accounting, form):
    erp = accounting("--form", form)
    assert erp.act("send", goods=300)["done"]
    refused = erp.act("send", goods=300, corrupt_part=2)
    assert not refused["done"]
    assert refused["code"] in ("bad_request", "schema_invalid", "job_failed"), refused
    assert erp.act("send", goods=300)["done"]


@pytest.mark.parametrize("form", FORMS)
def test_a_second_node_is_refused(accounting, form):
    refused = accounting("--form", form).act("test", node="second")
    assert refused["code"] in ("node_conflict", "unknown_node"), refused


def test_an_old_backup_is_told(phone):
    _, erp = phone
    assert erp.act("fetch")["done"]
    assert erp.act("old_backup", messages=1)["done"]
    assert erp.act("fetch")["code"] == "ack_regression"
    number = erp.act("test", node="central")["told"]["sentNo"]
    assert erp.act("skip_to", number=number)["done"]
    assert erp.act("fetch")["done"]


@pytest.mark.parametrize("take", ["ndjson", "xml"])
@pytest.mark.parametrize("form", FORMS)
def test_documents_come_in_each_envelope_and_form(shop, phone, accounting, form, take):
    one, erp = phone
    device = state(one)["device_id"]
    erp.kill()
    erp = accounting("--form", form, "--take", take)
    assert erp.act("fetch")["done"]
    held = [entry for entry in erp.ask("documents")["received"]
            if entry["document"]["deviceId"] == device]
    assert [(str(entry["document"]["deviceSeq"]), entry["times"]) for entry in held] == [("1", 1)]


def test_a_revoked_phone_is_not_let_in(phone):
    one, _ = phone
    one.act("revoke")
    wait_for("revoked", lambda: state(one)["revoked"])
    one.kill()
    one.start()
    wait_for("told so", lambda: "device_revoked" in state(one)["last_fault"])
    assert state(one)["revoked"]


def test_another_schema_version_is_refused_and_holds_nothing_up(phone):
    one, _ = phone
    one.act("schema_version", version=9)
    one.act("close")
    wait_for("set aside", lambda: state(one)["set_aside"] == 1)
    assert state(one)["queue"] == 0


def test_a_reinstalled_app_is_the_same_device(shop, phone):
    one, erp = phone
    before = state(one)
    one.act("reinstall", qr=shop.invite())
    one.act("close")
    wait_for("its shift is closed", lambda: state(one)["closed"] and state(one)["queue"] == 0)
    after = state(one)
    assert after["device_id"] == before["device_id"]
    assert after["next_seq"] > before["next_seq"] and after["set_aside"] == 0, after
    assert erp.act("fetch")["done"]
    held = [(int(entry["document"]["deviceSeq"]), entry["times"])
            for entry in erp.ask("documents")["received"]
            if entry["document"]["deviceId"] == before["device_id"]]
    assert sorted(held) == [(number, 1) for number in range(1, after["next_seq"])]


def test_a_phone_knows_the_server_by_its_key_alone(shop, phone):
    _, erp = phone
    people = shop.folder / "accounting/people"
    stranger = shop.phone(1, people, "--first", "1", "--state", shop.folder / "strangers")
    codes = shop.folder / "code-stranger"
    text = shop.invite()
    pin = text.split("p=")[1][:64]
    codes.write_text(text.replace(pin, "0" * 64) + "\n")
    stranger.words[stranger.words.index("--codes") + 1] = codes
    stranger.start()
    try:
        wait_for("refused", lambda: "not_permitted" in state(stranger)["last_fault"])
        assert not state(stranger)["enrolled"]
    finally:
        stranger.kill()
    assert erp.act("fetch")["done"]
