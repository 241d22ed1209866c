"""Claim: phones take cards at a terminal without a link in each envelope of the contract, while
answers are thrown away and sumpd and devd are killed: what their cashier typed is one payment each
in devd's book, and each paid sale one receipt. Shown with the simulated phones; their diaries are
compared with devd's book and the registrar's memory."""
import pytest

from day_ledgers import Phone, part_of
from day_shop import Shop, wait_for

SALES = 3


@pytest.fixture(name="shop", scope="module")
def _shop():
    made = Shop(registrars=("kassa1",), terminal="manual")
    erp = made.accounting()
    erp.start()
    assert erp.act("send", goods=20, users=1)["done"]
    erp.kill()
    yield made
    made.close()


def state(phone):
    return phone.ask("state")["phones"][0]


def book_of(shop):
    """What devd did, by id."""
    with shop.connect("look") as devd:
        return {str(one.operation_id): one for one in devd.operations(limit=1000).operations}


@pytest.mark.parametrize("form", ["json", "xml", "soap11", "soap12"])
def test_cards_are_taken_by_slips(shop, form):
    number = shop.phones = getattr(shop, "phones", 0) + 1
    people = shop.folder / f"people-{number}"
    people.write_text((shop.folder / "accounting/people").read_text() * number)
    receipts = len(shop.documents("kassa1"))
    one = shop.phone(number, people, "--form", form, "--sales", str(SALES), "--card-permille",
                     "1000", "--drop-permille", "150", "--seed", str(number))
    one.start()
    try:
        for after in range(2):
            wait_for("a sale", lambda done=after: state(one)["selling"]
                     and state(one)["sold"] >= done or state(one)["sold"] > done)
            shop.kill_sumpd()
            shop.kill_devd()
            shop.start_devd()
            shop.start_sumpd()
        wait_for("all sold", lambda: state(one)["sold"] + state(one)["abandoned"] == SALES
                 and state(one)["queue"] == 0, 120)
        shown = state(one)
    finally:
        one.kill()
    ledger = Phone(shop.folder / "phones" / f"phone-{number}")
    book = book_of(shop)
    paid = ledger.done("pay")
    assert shown["sold"] == len(paid) > 0, shown
    for command in paid:
        there = book[command["id"]]
        assert there.state.name == "done" and there.result.entered_by_hand
        told = part_of(command["told"], "payment")
        assert there.result.receipt_number == int(told["receipt_number"])
        assert there.result.amount_minor == int(told["amount_minor"])
    ours = [one for one in book.values() if one.command == "authorise"
            and one.state.name == "done" and str(one.operation_id) in ledger.commands]
    assert len(ours) == len(paid), "each payment once"
    slips = [one.result.receipt_number for one in book.values()
             if one.command == "authorise" and one.state.name == "done"]
    assert len(set(slips)) == len(slips)
    assert len(shop.documents("kassa1")) - receipts == len(paid), "each sale one receipt"
