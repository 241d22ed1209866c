"""Receipts as 1C programs write them: CheckPackage of the requirements for drivers, 3.0 or later.

receipt_of_check_package(xml) gives a messages.Receipt. An attribute that is empty counts as absent;
whatever has a value and no place in a receipt here is refused by its name: nothing is dropped. What
is carried, and how, stands in docs/clients.md. Amounts are roubles there and kopecks here.
"""
from __future__ import annotations

import base64
import binascii
import re
import xml.etree.ElementTree as etree
from typing import Optional

from tillhost import messages as m
from tillhost.errors import FieldError, TillhostError

BYTES_MAX = 1 << 20
LINES_MAX = 1000
TEXTS_MAX = 40
QUANTITY_DECIMALS_MAX = 6
QUANTITY_MICRO_MAX = 10_000_000_000_000
MINOR_MAX = 99_999_999_999
_MICRO = 1_000_000

# "standard" is the registrar's own: 20 %, since 2026 22 %. The percentage is part of the amount.
_VAT_RATES = {
    "none": (m.Vat.no_vat, 0), "20": (m.Vat.standard, 20), "22": (m.Vat.standard, 22),
    "10": (m.Vat.vat_10, 10), "7": (m.Vat.vat_7, 7), "5": (m.Vat.vat_5, 5), "0": (m.Vat.vat_0, 0),
    "20/120": (m.Vat.standard_included, 20), "22/122": (m.Vat.standard_included, 22),
    "10/110": (m.Vat.vat_10_included, 10), "7/107": (m.Vat.vat_7_included, 7),
    "5/105": (m.Vat.vat_5_included, 5),
}
_KINDS = {1: m.ReceiptKind.sale, 2: m.ReceiptKind.sale_return, 3: m.ReceiptKind.purchase,
          4: m.ReceiptKind.purchase_return}
_TAX_SYSTEMS = {0: m.TaxSystem.general, 1: m.TaxSystem.simplified_income,
                2: m.TaxSystem.simplified_income_expense, 4: m.TaxSystem.agricultural,
                5: m.TaxSystem.patent}
_PAYMENTS = (("Cash", m.PaymentKind.cash), ("ElectronicPayment", m.PaymentKind.electronic),
             ("PrePayment", m.PaymentKind.prepayment), ("PostPayment", m.PaymentKind.credit),
             ("Barter", m.PaymentKind.barter))
_PARAMETERS = ("CashierName", "CashierINN", "OperationType", "TaxationSystem", "CustomerEmail",
               "CustomerPhone", "SenderEmail", "SaleAddress", "SaleLocation", "AgentType",
               "AdditionalAttribute")
_OF_PARAMETERS = ("AgentData", "VendorData", "UserAttribute", "OperationalAttribute",
                  "IndustryAttribute")
_LINE = ("Name", "Quantity", "PriceWithDiscount", "AmountWithDiscount", "DiscountAmount",
         "Department", "VATRate", "VATAmount", "PaymentMethod", "CalculationSubject",
         "CalculationAgent", "MeasureOfQuantity", "MarkingCode", "CountryOfOrigin",
         "CustomsDeclaration", "ExciseAmount", "AdditionalAttribute")
_OF_LINE = ("AgentData", "VendorData", "FractionalQuantity", "GoodCodeData", "IndustryAttribute")


def _cannot(at: str, text: str) -> TillhostError:
    return TillhostError("not_supported", f"{at}: {text}", field=at)


def _malformed(text: str) -> TillhostError:
    return TillhostError("malformed", text)


def decimal_units(text: str, decimals: int) -> Optional[int]:
    """"172.51" in units of 10^-decimals; None if it is no such number."""
    found = re.fullmatch(r"(-?)([0-9]{1,10})(?:\.([0-9]+))?", text)
    if found is None:
        return None
    part = (found[3] or "").rstrip("0")
    if len(part) > decimals:
        return None
    units = int(found[2] + part.ljust(decimals, "0"))
    return -units if found[1] else units


def _half_up(value: int, numerator: int, denominator: int) -> int:
    """Of what is not negative."""
    return (value * numerator * 2 + denominator) // (2 * denominator)


class _Element:
    """An element and its place; what it holds is read by name."""

    def __init__(self, node: etree.Element, path: str) -> None:
        self.node, self.path = node, path

    def at(self, attribute: str) -> str:
        return f"{self.path}/@{attribute}"

    def text(self, name: str) -> str:
        return self.node.get(name, "")

    def needed(self, name: str) -> str:
        if not self.text(name):
            raise FieldError(self.at(name), "is missing")
        return self.text(name)

    def decimal(self, name: str, decimals: int) -> Optional[int]:
        value = self.text(name)
        if not value:
            return None
        units = decimal_units(value, decimals)
        if units is None:
            raise FieldError(self.at(name),
                             f"a number such as 172.51, a point and at most {decimals} decimals, "
                             f"below 10000000000, not '{value}'")
        return units

    def number(self, name: str, low: int, high: int, otherwise: Optional[int] = None) -> int:
        units = self.decimal(name, 0)
        if units is None:
            if otherwise is None:
                raise FieldError(self.at(name), "is missing")
            return otherwise
        if not low <= units <= high:
            raise FieldError(self.at(name), f"a whole number from {low} to {high}, not {units}")
        return units

    def holds_only(self, attributes=(), elements=()) -> None:
        for name, value in self.node.attrib.items():
            if name not in attributes and value:
                carried = ", ".join(attributes) or "nothing"
                raise _cannot(self.at(name), f"a receipt cannot carry it; carried here: {carried}")
        if (self.node.text or "").strip():
            raise _cannot(f"{self.path}/text()", "a receipt cannot carry it")
        for child in self.node:
            if child.tag not in elements:
                raise _cannot(f"{self.path}/{child.tag}", "a receipt cannot carry it")
            if (child.tail or "").strip():
                raise _cannot(f"{self.path}/text()", "a receipt cannot carry it")

    def child(self, name: str) -> Optional["_Element"]:
        found = self.node.findall(name)
        if len(found) > 1:
            raise FieldError(f"{self.path}/{name}", "stands there twice")
        return _Element(found[0], f"{self.path}/{name}") if found else None

    def needed_child(self, name: str) -> "_Element":
        found = self.child(name)
        if found is None:
            raise FieldError(f"{self.path}/{name}", "is missing")
        return found

    def has_nothing_in(self, names) -> None:
        """What 1C writes with every receipt, with values or without: only without."""
        for name in names:
            found = self.child(name)
            if found is not None:
                found.holds_only()

    def all(self, name: str) -> list["_Element"]:
        return [_Element(node, f"{self.path}/{name}[{index}]")
                for index, node in enumerate(self.node.findall(name), 1)]


def _text_tag(of: _Element, name: str, number: int) -> list[m.Tag]:
    return [m.Tag(number=number, kind=m.TagKind.text, text=of.text(name))] if of.text(name) else []


def _agent_tag(of: _Element, name: str, number: int) -> list[m.Tag]:
    """0 to 6 as 1C counts kinds of agents; in the tag each is a bit."""
    if not of.text(name):
        return []
    return [m.Tag(number=number, kind=m.TagKind.integer, integer=1 << of.number(name, 0, 6))]


def _customer(of: _Element) -> dict:
    mail, phone = of.text("CustomerEmail"), of.text("CustomerPhone")
    if mail and phone:
        raise FieldError(of.at("CustomerPhone"), "only one of CustomerEmail and CustomerPhone: a "
                                                 "receipt goes to one")
    found = {"customer_contact": mail or phone}
    detail = of.child("CustomerDetail")
    if detail is not None:
        detail.holds_only(("Info", "INN"))
        found.update(customer_name=detail.text("Info"), customer_tax_id=detail.text("INN"))
    return found


def _parameters(of: _Element) -> dict:
    if of.text("PaymentType"):
        raise _cannot(of.at("PaymentType"), "the form of versions 1 and 2 of the standard; 3.0 or "
                                            "later is read, where it is OperationType")
    of.holds_only(_PARAMETERS, ("CorrectionData", "CustomerDetail") + _OF_PARAMETERS)
    correction = of.child("CorrectionData")
    if correction is not None:
        try:
            correction.holds_only()
        except TillhostError:
            raise _cannot(correction.path, "this is a correction; hand its receipt over as one "
                                           "(correction, with basis and day)") from None
    of.has_nothing_in(_OF_PARAMETERS)
    found = {"kind": _KINDS[of.number("OperationType", 1, 4)]}
    system = _TAX_SYSTEMS.get(of.number("TaxationSystem", 0, 5))
    if system is None:
        raise _cannot(of.at("TaxationSystem"), "0, 1, 2, 4 or 5; 3 ended with 2020")
    found["tax_system"] = system
    if of.text("CashierName"):
        found["cashier"] = m.Cashier(name=of.text("CashierName"), tax_id=of.text("CashierINN"))
    elif of.text("CashierINN"):
        raise FieldError(of.at("CashierName"), "is missing")
    found.update(_customer(of))
    found["tags"] = (_text_tag(of, "SaleAddress", 1009) + _agent_tag(of, "AgentType", 1057)
                     + _text_tag(of, "SenderEmail", 1117) + _text_tag(of, "SaleLocation", 1187)
                     + _text_tag(of, "AdditionalAttribute", 1192))
    return found


def _line_sums(quantity: int, price: int, amount: int, discount: int) -> Optional[tuple[int, int]]:
    """Price and discount of a position that comes to exactly `amount`; see the C++ client."""
    slack = quantity // _MICRO // 2 + 1
    if abs(_half_up(price, quantity, _MICRO) - amount) > slack:
        return None
    target = amount + discount
    if discount:
        price = _half_up(target, _MICRO, quantity)
    if _half_up(price, quantity, _MICRO) < target:
        price += 1
    total = _half_up(price, quantity, _MICRO)
    return None if total < target else (price, total - amount)


def _sums(of: _Element) -> tuple[dict, int]:
    quantity = of.decimal("Quantity", QUANTITY_DECIMALS_MAX)
    price = of.decimal("PriceWithDiscount", 2)
    amount = of.decimal("AmountWithDiscount", 2)
    discount = of.decimal("DiscountAmount", 2) or 0
    for name, value in (("Quantity", quantity), ("PriceWithDiscount", price),
                        ("AmountWithDiscount", amount)):
        if value is None:
            raise FieldError(of.at(name), "is missing")
    if not 0 < quantity <= QUANTITY_MICRO_MAX:
        raise FieldError(of.at("Quantity"), "above 0, at most 10000000")
    for name, value in (("PriceWithDiscount", price), ("AmountWithDiscount", amount),
                        ("DiscountAmount", discount)):
        if value > MINOR_MAX or (value < 0 and name != "DiscountAmount"):
            raise FieldError(of.at(name), "0 to 999999999.99")
    if discount < 0:
        raise _cannot(of.at("DiscountAmount"), "a surcharge; put it into the price")
    sums = _line_sums(quantity, price, amount, discount)
    if sums is None:
        about = _half_up(price, quantity, _MICRO)
        raise FieldError(of.at("AmountWithDiscount"), "PriceWithDiscount x Quantity within "
                         f"rounding, about {about // 100}.{about % 100:02}")
    scale = QUANTITY_DECIMALS_MAX
    while scale > 0 and quantity % 10 == 0:
        quantity, scale = quantity // 10, scale - 1
    return {"price_minor": sums[0], "discount_minor": sums[1], "quantity_units": quantity,
            "quantity_scale": scale}, amount


def _vat(of: _Element, amount: int) -> tuple[m.Vat, int]:
    name = of.needed("VATRate")
    if name not in _VAT_RATES:
        raise FieldError(of.at("VATRate"), f"one of {', '.join(_VAT_RATES)}, not '{name}'")
    vat, percent = _VAT_RATES[name]
    given, due = of.decimal("VATAmount", 2), _half_up(amount, percent, 100 + percent)
    if given is not None and abs(given - due) > 1:
        raise _cannot(of.at("VATAmount"),
                      f"{due // 100}.{due % 100:02}, as the registrar computes it, or empty")
    standard = vat in (m.Vat.standard, m.Vat.standard_included)
    return vat, percent if standard else 0  # which of the two it has, only the registrar knows


def _marking(of: _Element, kind: m.ReceiptKind, measure: int) -> Optional[m.Marking]:
    code = of.text("MarkingCode")
    if not code:
        return None
    try:
        data = base64.b64decode(code, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise FieldError(of.at("MarkingCode"), "the code's bytes in Base64")
    returned = kind in (m.ReceiptKind.sale_return, m.ReceiptKind.purchase_return)
    plan = m.MarkingPlan
    if measure == 0:
        return m.Marking(code=data, plan=plan.piece_returned if returned else plan.piece_sold)
    return m.Marking(code=data, plan=plan.measured_returned if returned else plan.measured_sold)


def _line(of: _Element, kind: m.ReceiptKind) -> m.ReceiptLine:
    of.holds_only(_LINE, _OF_LINE)
    of.has_nothing_in(_OF_LINE)
    name = of.needed("Name")
    department = of.number("Department", 1, 16, 1)
    method = m.PaymentMethod(of.number("PaymentMethod", 1, 7, 4))
    subject = of.number("CalculationSubject", 1, 33, 1)
    if 15 < subject < 30:
        raise _cannot(of.at("CalculationSubject"), "1 to 15 or 30 to 33")
    measure = of.number("MeasureOfQuantity", 0, 255, 0)
    marking = _marking(of, kind, measure)
    sums, amount = _sums(of)
    vat, percent = _vat(of, amount)
    tags = _text_tag(of, "AdditionalAttribute", 1191) + _agent_tag(of, "CalculationAgent", 1222)
    excise = of.decimal("ExciseAmount", 2)
    if excise is not None:
        if excise < 0:
            raise FieldError(of.at("ExciseAmount"), "not below 0")
        tags.append(m.Tag(number=1229, kind=m.TagKind.integer, integer=excise))
    tags += _text_tag(of, "CountryOfOrigin", 1230) + _text_tag(of, "CustomsDeclaration", 1231)
    return m.ReceiptLine(name=name, department=department, payment_method=method,
                         item_type=m.ItemType(subject), measure=measure, marking=marking, vat=vat,
                         vat_percent=percent,
                         tags=tags, **sums)


def _positions(of: _Element, kind: m.ReceiptKind) -> dict:
    of.holds_only((), ("FiscalString", "TextString", "Barcode"))
    lines, texts = of.all("FiscalString"), of.all("TextString")
    if not 1 <= len(lines) <= LINES_MAX:
        raise FieldError(f"{of.path}/FiscalString", f"1 to {LINES_MAX} of them, not {len(lines)}")
    if len(texts) > TEXTS_MAX:
        raise FieldError(f"{of.path}/TextString", f"at most {TEXTS_MAX} of them, not {len(texts)}")
    for barcode in of.all("Barcode"):
        raise _cannot(barcode.path,
                      "a receipt cannot carry it; print it by an operation of its own")
    found = {"lines": [_line(line, kind) for line in lines], "text": []}
    for text in texts:
        text.holds_only(("Text",))
        found["text"].append(text.text("Text"))
    return found


def _payments(of: _Element) -> list[m.Payment]:
    of.holds_only([name for name, _ in _PAYMENTS])
    found = []
    for name, kind in _PAYMENTS:
        amount = of.decimal(name, 2) or 0
        if amount < 0:
            raise FieldError(of.at(name), "not below 0")
        if amount > 0:
            found.append(m.Payment(kind=kind, amount_minor=amount))
    if not found:
        raise FieldError(of.path, "at least one of Cash, ElectronicPayment, PrePayment, "
                                  "PostPayment and Barter above 0")
    return found


def _root(xml: bytes) -> _Element:
    if len(xml) > BYTES_MAX:
        raise TillhostError("too_large", f"at most {BYTES_MAX} bytes")
    try:
        text = xml.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _malformed("not UTF-8") from None
    declared = re.match(r"<\?xml[^>]*encoding=[\"']([^\"']*)", text)
    if declared is not None and declared[1].lower() != "utf-8":
        raise _malformed(f"encoding '{declared[1]}': UTF-8 is read")
    if "<!DOCTYPE" in text:
        raise _malformed("a DOCTYPE: none is read")
    try:
        root = etree.fromstring(text.encode())
    except etree.ParseError as error:
        raise _malformed(f"XML: {error}") from None
    if root.tag != "CheckPackage":
        raise FieldError("CheckPackage", f"the one root element, not '{root.tag}'")
    return _Element(root, "CheckPackage")


def receipt_of_check_package(xml: bytes | str) -> m.Receipt:
    """The receipt that the package describes.

    TillhostError with code malformed, too_large, bad_field (FieldError) or not_supported; `field`
    is the place in the package, such as CheckPackage/Positions/FiscalString[2]/@Quantity. Sums of
    payments are checked by devd.
    """
    if isinstance(xml, str):
        try:
            xml = xml.encode()
        except UnicodeEncodeError as error:  # a lone surrogate
            raise _malformed(f"no character at {error.start}: half of a pair") from None
    root = _root(xml)
    root.holds_only((), ("Parameters", "Positions", "Payments"))
    parts = _parameters(root.needed_child("Parameters"))
    parts.update(_positions(root.needed_child("Positions"), parts["kind"]))
    return m.Receipt(payments=_payments(root.needed_child("Payments")), **parts)
