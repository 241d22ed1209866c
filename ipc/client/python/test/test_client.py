"""Claim: a Python program learns the truth of what it handed over, under one id, whatever breaks,
and sees what happens as events. Shown with real devd and devsim, killed where it hurts."""
import json

import pytest

import tillhost
from counter import Counter, kill, run_till
from tillhost import messages as m

PATIENCE = 30.0


@pytest.fixture
def counter():
    made = Counter()
    yield made
    made.close()


def tea(price=12_000):
    line = m.ReceiptLine(name="Tea", price_minor=price, quantity_units=1, vat=m.Vat.no_vat)
    return m.Receipt(kind=m.ReceiptKind.sale, lines=[line],
                     payments=[m.Payment(kind=m.PaymentKind.cash, amount_minor=price)])


def wait_for(devd, wanted):
    """Reads events until one fits; what was read."""
    seen = []
    while True:
        event = devd.next_event()
        assert event is not None, f"no such event; seen: {seen}"
        seen.append(event.event.body)
        if wanted(event.event.body):
            return seen


def test_sells_once_and_answers_a_repeat(counter):
    with counter.connect() as devd:
        operation_id = tillhost.make_operation_id()
        sold = devd.sell("kassa", tea(), operation_id, sale_ref="bill 7", doubt_patience=PATIENCE)
        assert sold.state == m.OperationState.done
        assert sold.result.fiscal_document_number == 1
        again = devd.sell("kassa", tea(), operation_id, sale_ref="bill 7")
        assert again.repeat and again.result == sold.result
        assert devd.acknowledge(operation_id).acknowledged
        assert [one.operation_id for one in devd.operations().operations] == [operation_id]
    assert len(counter.documents()) == 1


def test_every_request_is_answered(counter):
    with counter.connect() as devd:
        assert [one.device for one in devd.devices()] == ["kassa"]
        assert devd.status("kassa").driver == "fiscal/toy"
        assert devd.request("devices").devices[0].device == "kassa"
        unknown = tillhost.make_operation_id()
        assert devd.settle(unknown).state == m.OperationState.never_accepted
        assert devd.operation(unknown).state == m.OperationState.never_accepted
        assert devd.wait(unknown).state == m.OperationState.never_accepted
        assert devd.resolve(unknown).state == m.OperationState.never_accepted
        with pytest.raises(tillhost.DevdError) as caught:
            devd.cancel(unknown)
        assert caught.value.code == "wrong_state"
        with pytest.raises(tillhost.DevdError) as caught:
            devd.decide(unknown, version=1, verdict=m.Verdict.executed, note="test")
        assert caught.value.code == "wrong_state"


def test_a_lease_keeps_others_out_and_its_token_goes_along(counter):
    with counter.connect() as holder, counter.connect() as other:
        lease = holder.take_lease("kassa", seconds=60)
        assert lease.state == m.LeaseState.held and lease.token > 0
        with pytest.raises(tillhost.DevdError) as caught:
            other.submit("kassa", tea(), tillhost.make_operation_id())
        assert caught.value.code == "device_leased"
        sold = holder.sell("kassa", tea(), tillhost.make_operation_id(), doubt_patience=PATIENCE)
        assert sold.state == m.OperationState.done
        holder.renew_lease("kassa")
        assert other.lease("kassa").state == m.LeaseState.free
        holder.release_lease("kassa")
        with pytest.raises(tillhost.DevdError) as caught:
            holder.renew_lease("kassa")
        assert caught.value.code == "stale_lease"
        assert other.take_lease("kassa", wait=True).state == m.LeaseState.held


def test_errors_are_typed(counter):
    with counter.connect() as devd:
        with pytest.raises(tillhost.DevdError) as caught:
            devd.sell("none", tea(), tillhost.make_operation_id())
        assert (caught.value.code, caught.value.reaction) == ("unknown_device", "reject")
        assert caught.value.field == "device"
        assert not caught.value.may_have_happened
        receipt = tea()
        receipt.payments[0].amount_minor = 1
        with pytest.raises(tillhost.DevdError) as caught:
            devd.sell("kassa", receipt, tillhost.make_operation_id())
        assert caught.value.code == "payment_below_total"
        assert caught.value.field == "command.receipt.payments"
        receipt = tea()
        receipt.lines[0].discount_minor = 1_000_000
        with pytest.raises(tillhost.DevdError) as caught:
            devd.sell("kassa", receipt, tillhost.make_operation_id())
        assert caught.value.field == "command.receipt.lines[0].discount_minor"
        receipt = tea()
        receipt.lines[0].price_minor = -1
        with pytest.raises(tillhost.FieldError) as caught:
            devd.sell("kassa", receipt, tillhost.make_operation_id())
        assert caught.value.field == "command.receipt.lines[0].price_minor"
        operation_id = tillhost.make_operation_id()
        devd.sell("kassa", tea(), operation_id, doubt_patience=PATIENCE)
        with pytest.raises(tillhost.DevdError) as caught:
            devd.sell("kassa", tea(500), operation_id)
        assert caught.value.code == "conflict"


def test_nobody_there(tmp_path):
    with pytest.raises(tillhost.NoDaemon) as caught:
        tillhost.connect("test", endpoint=f"ipc://{tmp_path}/none.sock")
    assert caught.value.effect == "none"


def test_events_tell_every_step_and_go_on_after_a_restart(counter):
    with counter.connect() as devd, counter.connect("other") as other:
        devd.subscribe("operation/kassa")
        operation_id = tillhost.make_operation_id()
        other.sell("kassa", tea(), operation_id, doubt_patience=PATIENCE)
        seen = wait_for(devd, lambda body: body.state == m.OperationState.done)
        states = [one.state for one in seen]
        assert states[0] == m.OperationState.accepted
        assert [one.version for one in seen] == sorted({one.version for one in seen})
        before = devd.place_of("operation/kassa")
        counter.kill_devd()
        counter.start_devd()
        gap = devd.next_event()
        assert isinstance(gap.event.body, m.Gap)
        assert gap.event.body.restarted
        assert gap.event.body.from_seq == before.next_seq
        assert gap.next.epoch > before.epoch
        other.acknowledge(operation_id)
        wait_for(devd, lambda body: body.acknowledged)


def test_whoever_watches_may_read_events_and_end_the_waiting_but_not_the_sale(counter):
    with counter.connect() as devd:
        counter.ctl("fault", "late", "side=device", "nth=1", "ms=3000")
        devd.subscribe("operation/kassa")
        operation_id, events = tillhost.make_operation_id(), []

        def watch(so_far):
            assert so_far.operation_id == operation_id
            while (event := devd.next_event(deadline=0)) is not None:
                events.append(event.event.body.state)
            return False

        seen = devd.sell("kassa", tea(), operation_id, watch=watch)
        assert seen.state in (m.OperationState.accepted, m.OperationState.prepared)
        assert events[0] == m.OperationState.accepted
        assert devd.sell("kassa", tea(), operation_id,
                         doubt_patience=PATIENCE).state == m.OperationState.done
        assert len(counter.documents()) == 1


def test_events_are_resumed_by_another_program(counter):
    with counter.connect() as devd:
        devd.subscribe("operation/kassa")
        place = devd.place_of("operation/kassa")
        devd.sell("kassa", tea(), tillhost.make_operation_id(), doubt_patience=PATIENCE)
        whole = wait_for(devd, lambda body: body.state == m.OperationState.done)
    with counter.connect() as devd:
        devd.subscribe("operation/kassa", place)
        assert wait_for(devd, lambda body: body.state == m.OperationState.done) == whole


def test_a_sale_goes_on_over_a_restart_of_devd(counter):
    with counter.connect() as devd, counter.connect("watcher") as watcher:
        counter.ctl("fault", "late", "side=device", "nth=1", "ms=500")
        watcher.subscribe("operation/kassa")
        operation_id = tillhost.make_operation_id()
        devd.submit("kassa", tea(), operation_id)
        wait_for(watcher, lambda body: body.state != m.OperationState.accepted)
        counter.kill_devd()
        counter.start_devd()
        sold = devd.sell("kassa", tea(), operation_id, doubt_patience=PATIENCE)
        assert sold.state == m.OperationState.done
    assert len(counter.documents()) == 1


@pytest.mark.parametrize("when", ["accepted", "prepared", "done"])
def test_a_program_killed_in_the_middle_sells_nothing_twice(counter, when):
    with counter.connect("watcher") as watcher:
        watcher.subscribe("operation/kassa")
        till = counter.start_till()
        seen = wait_for(watcher, lambda body: body.state >= m.OperationState[when])
        kill(till)
        first = seen[0].operation_id
        status, out, err = run_till(counter)
        assert status == 0, err
        assert watcher.operation(first).state == m.OperationState.done
        assert watcher.operation(first).acknowledged
    ids = {line.split()[0] for line in out.splitlines()} | {first}
    assert len(ids) == 2  # the one that was cut short, and the new one
    assert len(counter.documents()) == 2
    status, out, err = run_till(counter)
    assert (status, len(out.splitlines())) == (0, 1), err  # nothing is left in the journal


def test_a_journal_of_a_cpp_program_is_finished_by_a_python_program(counter):
    with counter.connect("watcher") as watcher:
        watcher.subscribe("operation/kassa")
        till = counter.start("till_example", "kassa", counter.folder / "journal")
        seen = wait_for(watcher, lambda body: body.state >= m.OperationState.accepted)
        kill(till)
        status, out, err = run_till(counter)
        assert status == 0, err
        assert watcher.operation(seen[0].operation_id).acknowledged
    assert len(counter.documents()) == 2, out


def test_a_journal_that_cannot_be_written_is_an_error_of_the_package(counter, tmp_path):
    with pytest.raises(tillhost.TillhostError) as caught:
        counter.connect(journal=str(tmp_path / "none" / "journal"))
    assert (caught.value.code, caught.value.effect) == ("system_failed", "none")
    assert "none/journal" in caught.value.text


def test_a_journal_is_for_one_program_and_must_be_one(counter, tmp_path):
    with counter.connect(journal=str(tmp_path / "journal")):
        with pytest.raises(tillhost.TillhostError) as caught:
            counter.connect(journal=str(tmp_path / "journal"))
        assert caught.value.code == "already_running"
    (tmp_path / "other").write_text('{"version": 1, "operations": 5}')
    with pytest.raises(tillhost.TillhostError) as caught:
        counter.connect(journal=str(tmp_path / "other"))
    assert caught.value.field == "operations"


def test_tillctl_watch_prints_one_line_an_event(counter):
    watch = counter.start("tillctl", "watch", "kassa", "--json", "--count", "4")
    assert watch.stderr.readline().startswith("watching")
    with counter.connect() as devd:
        devd.sell("kassa", tea(), tillhost.make_operation_id(), doubt_patience=PATIENCE)
    out, _ = watch.communicate(timeout=60)
    lines = [json.loads(line) for line in out.splitlines()]
    assert watch.returncode == 0
    assert len(lines) == 4
    assert {one["topic"] for one in lines} == {"device/kassa", "operation/kassa"}
    assert [one["seq"] for one in lines] == sorted(one["seq"] for one in lines)
