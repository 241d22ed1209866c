"""Claim: a devd uses the devices of another host as its own; only the owner keeps their operations,
each is carried out once whatever breaks between the two, rights and leases are the owner's, and a
sale may charge a card there and register here. Shown with two or three real devd over loopback."""
import os
import signal
import threading
import time

import pytest

import tillhost
from counter import Counter, NetworkCounter, tea
from tillhost import messages as m

PATIENCE = 30.0


class Central(NetworkCounter):
    """A host that uses hall's registrar and terminal beside a registrar of its own."""

    def __init__(self, hall, name="central", devices=("kassa",), role="operator"):
        self.hall, self.name, self.role = hall, name, role
        super().__init__(devices)

    def start_devd(self):
        keys = self.folder / "state/hosts/hall.toml"
        if not keys.exists():
            code = self.hall.code(self.name, "--role", self.role, "--as-host")
            self.hall.tillctl("pair", "--with", f"127.0.0.1:{self.hall.pairing_port}", code,
                              "--save-as", self.name)
            keys.parent.mkdir(exist_ok=True)
            (self.hall.hosts / f"{self.name}.toml").rename(keys)
        self.config = ('[[remote]]\nhost = "hall"\n'
                       'devices = { hall-kassa = "kassa", hall-pos = "pos" }\n')
        super().start_devd()

    def wait_until(self, device, state=m.DeviceState.ready):
        with self.connect("waits") as devd:
            devd.subscribe("devices")
            seen = devd.status(device)
            while seen.state != state:
                event = devd.next_event(20.0)
                assert event is not None, (device, seen.state, seen.reason)
                body = event.event.body
                if isinstance(body, m.Device) and body.device == device:
                    seen = body
            return seen


@pytest.fixture
def hall():
    made = NetworkCounter(("kassa",), terminal=True)
    yield made
    made.close()


@pytest.fixture
def central(hall):
    made = Central(hall)
    made.wait_until("hall-kassa")
    yield made
    made.close()


def code_of(call, *words, **options):
    with pytest.raises(tillhost.TillhostError) as caught:
        call(*words, **options)
    return caught.value.code


def sell(devd, device, price=12_000, **options):
    return devd.sell(device, tea(price), tillhost.make_operation_id(), doubt_patience=PATIENCE,
                     force=True, **options)


def test_a_device_of_another_host_is_used_like_one_of_ones_own(hall, central):
    with central.connect("till") as devd:
        seen = {one.device: one for one in devd.devices()}
        assert seen["hall-kassa"].host == "hall" and seen["hall-kassa"].driver == "fiscal/toy"
        assert seen["kassa"].host == ""
        sold = sell(devd, "hall-kassa")
        assert sold.state == m.OperationState.done and sold.device == "hall-kassa"
        # Repeated, looked at, acknowledged: at its owner, by its id alone.
        again = devd.sell("hall-kassa", tea(), sold.operation_id)
        assert again.repeat and again.result == sold.result
        assert devd.operation(sold.operation_id).client == "till@central"
        assert devd.acknowledge(sold.operation_id).acknowledged
        assert devd.query("hall-kassa", m.StatusQuery())
        # This host's book knows nothing of it.
        assert not devd.operations().operations
        assert devd.operations("hall-kassa").operations[0].operation_id == sold.operation_id
    assert len(hall.documents()) == 1 and not central.documents()
    with hall.connect("look") as devd:
        assert [one.client for one in devd.operations().operations] == ["till@central"]


def test_a_program_that_was_started_again_names_the_device(hall, central):
    with central.connect("till") as devd:
        sold = sell(devd, "hall-kassa")
    central.kill_devd()
    central.start_devd()
    central.wait_until("hall-kassa")
    with central.connect("till") as devd:
        assert code_of(devd.operation, sold.operation_id) == "unknown_operation"
        # A tombstone in this book would say nothing of the other.
        assert code_of(devd.settle, sold.operation_id) == "bad_field"
        settled = devd.settle(sold.operation_id, device="hall-kassa")
        assert settled.state == m.OperationState.done and settled.result == sold.result
        unknown = tillhost.make_operation_id()
        assert devd.settle(unknown, device="hall-kassa").state == m.OperationState.never_accepted
        assert code_of(devd.sell, "hall-kassa", tea(), unknown) == "wrong_state"
    assert len(hall.documents()) == 1


def test_the_settings_of_a_device_are_its_owners(hall, central):
    with central.connect("admin") as devd:
        settings = devd.request("device_settings", m.DeviceRequest(device="hall-kassa"))
        assert settings.device == "hall-kassa" and settings.settings[0].name == "port"
        models = devd.request("models", m.ModelsRequest(device="hall-kassa"))
        assert any(one.driver == "fiscal/toy" for one in models.manifests)
        ports = devd.request("ports", m.PortsRequest(
            device="hall-kassa", address=f"pty:{hall.folder}/kassa.tty"))
        assert ports.ports[0].device == "hall-kassa"
        # The file is the administrator's, and central is only an operator there.
        session = devd._session  # pylint: disable=protected-access
        change = m.RenameDeviceRequest(session=session, device="hall-kassa", name="x")
        assert code_of(devd.request, "rename_device", change) == "not_permitted"


def test_nobody_may_more_at_the_owner_than_here(hall, central):
    central.pair("ws1", "--role", "cashier", "--device", "hall-kassa")
    environ = os.environ.get("TILLHOST_HOSTS_DIR")
    os.environ["TILLHOST_HOSTS_DIR"] = str(central.hosts)
    try:
        with tillhost.connect("till", host="ws1") as till:
            assert [one.device for one in till.devices()] == ["hall-kassa"]
            sold = sell(till, "hall-kassa")
            assert till.operation(sold.operation_id).client == "till@ws1@central"
            # central is an operator there, this workstation is none.
            correction = m.Correction(receipt=tea(), basis=m.CorrectionBasis.own_initiative,
                                      basis_date="2026-11-01")
            assert code_of(till.carry_out, "hall-kassa", correction,
                           tillhost.make_operation_id()) == "not_permitted"
            assert code_of(till.query, "hall-pos", m.StatusQuery()) == "not_permitted"
            with central.connect("other") as other:
                theirs = sell(other, "hall-kassa")
            assert code_of(till.acknowledge, theirs.operation_id,
                           device="hall-kassa") == "not_permitted"
    finally:
        os.environ.pop("TILLHOST_HOSTS_DIR")
        if environ:
            os.environ["TILLHOST_HOSTS_DIR"] = environ


def test_a_lease_of_a_remote_device_is_at_its_owner(hall, central):
    with central.connect("till 1") as one, central.connect("till 2") as two, \
            hall.connect("at hall") as there:
        lease = one.take_lease("hall-kassa")
        assert lease.state == m.LeaseState.held and lease.device == "hall-kassa"
        assert code_of(sell, there, "kassa") == "device_leased"
        assert code_of(sell, two, "hall-kassa") == "device_leased"
        assert two.lease("hall-kassa").holder == "till 1@central"
        assert sell(one, "hall-kassa").state == m.OperationState.done
        one.close()
        until = time.monotonic() + 20
        while there.lease("kassa").holder and time.monotonic() < until:
            time.sleep(0.05)
        assert sell(two, "hall-kassa").state == m.OperationState.done


def test_events_of_a_remote_device_go_on_after_its_host_was_killed(hall, central):
    with central.connect("till") as devd:
        devd.subscribe("operation/hall-kassa")
        sell(devd, "hall-kassa")
        first = devd.next_event(20.0)
        assert first.topic == "operation/hall-kassa"
        assert first.event.body.device == "hall-kassa"
        hall.kill_devd()
        central.wait_until("hall-kassa", m.DeviceState.opening)
        assert code_of(devd.query, "hall-kassa", m.StatusQuery()) == "host_unreachable"
        hall.start_devd()
        central.wait_until("hall-kassa")
        sold = sell(devd, "hall-kassa")
        while True:  # what is missed is a gap, what comes is of the new life
            event = devd.next_event(20.0)
            assert event is not None
            body = event.event.body
            if isinstance(body, m.Operation) and body.operation_id == sold.operation_id and \
                    body.state == m.OperationState.done:
                break


def test_an_operation_over_a_host_that_is_killed_is_done_once(hall, central):
    """The till's call lasts until the host is back; the document is one."""
    for _ in range(3):
        before = len(hall.documents())
        with central.connect("till") as devd:
            timer = threading.Timer(0.02, hall.kill_devd)
            back = threading.Timer(1.0, hall.start_devd)
            timer.start(), back.start()
            sold = sell(devd, "hall-kassa", deadline=60.0)
            timer.join(), back.join()
        assert sold.state == m.OperationState.done
        assert len(hall.documents()) == before + 1


def test_a_host_that_was_paused_and_comes_back_late_prints_once(hall, central):
    with central.connect("till") as devd:
        sell(devd, "hall-kassa")  # so that there is a connection by which it goes
        os.kill(hall.devd.pid, signal.SIGSTOP)
        operation_id = tillhost.make_operation_id()
        with pytest.raises(tillhost.TillhostError) as caught:
            devd.sell("hall-kassa", tea(500), operation_id, deadline=2.0)
        assert caught.value.may_have_happened
        os.kill(hall.devd.pid, signal.SIGCONT)
        sold = devd.sell("hall-kassa", tea(500), operation_id, doubt_patience=PATIENCE)
        assert sold.state == m.OperationState.done
    assert len(hall.documents()) == 2


def electronic_sale(registrar, terminal, price=12_000):
    receipt = tea(price)
    receipt.currency = "EUR"
    receipt.payments = [m.Payment(kind=m.PaymentKind.electronic, amount_minor=price)]
    return m.Sale(receipt=receipt, registrar=registrar, terminal=terminal, printer="-")


def charged(hall):
    return [one for one in hall.ctl("transactions", device="pos")["transactions"]]


def test_a_sale_over_a_remote_terminal_and_a_local_registrar(hall, central):
    central.wait_until("hall-pos")
    with central.connect("till") as devd:
        sold = devd.carry_out("", electronic_sale("kassa", "hall-pos"),
                              tillhost.make_operation_id(), doubt_patience=PATIENCE)
        assert sold.state == m.OperationState.done, sold.error
        assert [step.device for step in sold.sale.steps] == ["hall-pos", "kassa"]
        payment = sold.sale.steps[0]
        # The step has one id at both, and its owner's book says what came of it.
        assert devd.operation(payment.operation_id, device="hall-pos").client == "devd@central"
    assert len(central.documents()) == 1 and not hall.documents()
    assert len(charged(hall)) == 1


def test_a_sale_wholly_on_another_host(hall, central):
    central.wait_until("hall-pos")
    with central.connect("till") as devd:
        sold = devd.carry_out("", electronic_sale("hall-kassa", "hall-pos"),
                              tillhost.make_operation_id(), doubt_patience=PATIENCE)
        assert sold.state == m.OperationState.done, sold.error
    assert len(hall.documents()) == 1 and len(charged(hall)) == 1 and not central.documents()


def decide_there(hall, price):
    """A person at hall reads the terminal's paper, where the terminal itself does not tell."""
    with hall.connect("person") as devd:
        for one in devd.operations(unsettled_only=True).operations:
            if one.error is None or one.error.reaction != m.Reaction.ask_operator:
                continue
            paid = any(row["amount_minor"] == price for row in charged(hall))
            devd.decide(one.operation_id, version=one.version, note="read from the slip",
                        verdict=m.Verdict.executed if paid else m.Verdict.not_executed,
                        payment=m.PaymentEntry(amount_minor=price) if paid else None)


@pytest.mark.parametrize("victim", ["hall", "central"])
def test_a_sale_over_two_hosts_of_which_one_is_killed(hall, central, victim):
    """Whenever it is killed: a receipt and its payment, or neither."""
    host = hall if victim == "hall" else central
    for count, at in enumerate((0.05, 0.1, 0.15, 0.3)):
        price = 12_000 + count
        central.wait_until("hall-pos")
        before = len(central.documents()), len(charged(hall))
        with central.connect("till") as devd:
            timers = [threading.Timer(at, host.kill_devd),
                      threading.Timer(at + 1.0, host.start_devd)]
            for timer in timers:
                timer.start()
            operation_id = tillhost.make_operation_id()
            try:
                sold = devd.carry_out("", electronic_sale("kassa", "hall-pos", price),
                                      operation_id, doubt_patience=5.0, deadline=60.0)
            finally:
                for timer in timers:
                    timer.join()
            if not tillhost.is_final(sold.state):
                decide_there(hall, price)
                until = time.monotonic() + 30
                while not tillhost.is_final(sold.state) and time.monotonic() < until:
                    time.sleep(0.1)  # it is settled here a moment later
                    sold = devd.operation(operation_id)
        assert tillhost.is_final(sold.state), sold
        documents = len(central.documents()) - before[0]
        moved = sum(one["amount_minor"] * (-1 if one["kind"] == "reversal" else 1)
                    for one in charged(hall)[before[1]:])
        assert (sold.state == m.OperationState.done) == (documents == 1), sold
        assert moved == price * documents, (sold, charged(hall))


def test_devices_are_imported_from_their_owner_only(hall, central):
    """A third host that takes central's hall-kassa for central's own gets nothing."""
    third = Counter(devices=())
    try:
        keys = third.folder / "state/hosts/central.toml"
        keys.parent.mkdir()
        code = central.code("third", "--role", "operator", "--as-host")
        central.tillctl("pair", "--with", f"127.0.0.1:{central.pairing_port}", code, "--save-as",
                        "third")
        (central.hosts / "third.toml").rename(keys)
        third.kill_devd()
        (third.folder / "config/devd.toml").write_text(
            '[[remote]]\nhost = "central"\ndevices = { passed-on = "hall-kassa", own = "kassa" }\n')
        third.start_devd()
        with third.connect("till") as devd:
            until = time.monotonic() + 20
            while devd.status("own").state != m.DeviceState.ready and time.monotonic() < until:
                time.sleep(0.05)
            assert sell(devd, "own").state == m.OperationState.done
            assert code_of(sell, devd, "passed-on") == "not_permitted"
            assert devd.status("passed-on").state != m.DeviceState.ready
    finally:
        third.close()
    assert len(central.documents()) == 1 and not hall.documents()


def test_a_host_that_is_not_paired_is_said_to_be_so(hall):
    central = Central(hall)
    try:
        hall.tillctl("revoke", "central")
        central.wait_until("hall-kassa", m.DeviceState.opening)
        with central.connect("till") as devd:
            until = time.monotonic() + 20
            while "not_paired" not in devd.status("hall-kassa").reason:
                assert time.monotonic() < until, devd.status("hall-kassa")
                time.sleep(0.05)
            assert sell(devd, "kassa").state == m.OperationState.done
    finally:
        central.close()
