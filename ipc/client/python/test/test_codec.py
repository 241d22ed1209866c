"""Claim: every bound of the schema is checked both ways and named by its path; ids are UUIDs of
version 7. Shown on messages made, sent and read."""
import pytest

import tillhost
from tillhost import codec
from tillhost import messages as m


def receipt():
    line = m.ReceiptLine(name="Tea", price_minor=100, quantity_units=1, vat=m.Vat.no_vat)
    return m.Receipt(kind=m.ReceiptKind.sale, lines=[line],
                     payments=[m.Payment(kind=m.PaymentKind.cash, amount_minor=100)])


@pytest.mark.parametrize("readable", [False, True])
def test_what_is_sent_is_what_is_read(readable):
    sent = m.KeptOperation(operation_id=tillhost.make_operation_id(), device="kassa",
                           command=receipt(), force=True)
    assert codec.load(m.KeptOperation, codec.dump(sent, readable)) == sent


def test_defaults_are_not_sent_and_unknown_fields_are_ignored():
    tree = codec.dump(receipt())
    assert "discount_minor" not in tree
    assert codec.load(m.Receipt, {**tree, "new_in_2": 5}) == receipt()


@pytest.mark.parametrize("change, field", [
    ({"kind": 99}, "kind"),
    ({"kind": 0}, "kind"),
    ({"lines": 5}, "lines"),
    ({"lines": [{"name": "Tea"}]}, "lines[0].price_minor"),
    ({"payments": [{"kind": 1, "amount_minor": True}]}, "payments[0].amount_minor"),
])
def test_what_is_wrong_is_named(change, field):
    with pytest.raises(tillhost.FieldError) as caught:
        codec.load(m.Receipt, {**codec.dump(receipt()), **change})
    assert caught.value.field == field


def test_a_value_out_of_bounds_is_refused_when_it_is_made():
    with pytest.raises(tillhost.FieldError) as caught:
        m.Payment(kind=m.PaymentKind.cash, amount_minor=-1)
    assert caught.value.field == "amount_minor"
    with pytest.raises(TypeError):
        m.Payment(kind=m.PaymentKind.cash)


def test_ids_are_of_version_7_and_different():
    ids = {tillhost.make_operation_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(codec.UUID_7.fullmatch(one) for one in ids)


def test_a_reversal_has_every_number_of_its_payment():
    paid = m.PaymentResult(amount_minor=1234, requested_minor=2000, currency="EUR",
                           receipt_number=42, trace_number=186, reference="R1",
                           terminal_id="28004869")
    operation_id = tillhost.make_operation_id()
    assert tillhost.reversal_of(paid, operation_id) == m.Reverse(
        amount_minor=1234, currency="EUR", receipt_number=42, trace_number=186, reference="R1",
        terminal_id="28004869", payment=operation_id)
