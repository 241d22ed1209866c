"""Claim: a CheckPackage of 1C is the receipt that it describes or an error that names the place, as
in the C++ client. Shown on every package of tests/vectors/check_package."""
import json
import pathlib

import pytest

import tillhost
from tillhost import codec
from tillhost import messages as m

FOLDER = pathlib.Path(__file__).parents[4] / "tests" / "vectors" / "check_package"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))


# What devd says of sums it says of every receipt.
OURS = [name for name in EXPECTED
        if EXPECTED[name].get("error", {}).get("code") != "payment_below_total"]


@pytest.mark.parametrize("name", OURS)
def test_a_package_is_what_the_vectors_say(name):
    package, outcome = (FOLDER / f"{name}.xml").read_bytes(), EXPECTED[name]
    if "receipt" in outcome:
        assert tillhost.receipt_of_check_package(package) == codec.load(m.Receipt,
                                                                        outcome["receipt"])
        return
    with pytest.raises(tillhost.TillhostError) as caught:
        tillhost.receipt_of_check_package(package)
    assert caught.value.code == outcome["error"]["code"], caught.value
    assert caught.value.field == outcome["error"]["at"], caught.value


def test_text_is_read_as_bytes_are():
    package = (FOLDER / "plain.xml").read_text(encoding="utf-8")
    assert tillhost.receipt_of_check_package(package).lines[0].name == "Чай"


def test_what_is_too_large_or_no_utf_8_is_refused():
    for package, code in ((b" " * ((1 << 20) + 1), "too_large"), (b"\xff\xfe<", "malformed"),
                          (b"", "malformed"), ("<CheckPackage a='\ud800'/>", "malformed")):
        with pytest.raises(tillhost.TillhostError) as caught:
            tillhost.receipt_of_check_package(package)
        assert caught.value.code == code
