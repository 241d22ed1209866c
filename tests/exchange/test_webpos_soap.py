"""Claim: a web till that speaks SOAP has the same door as one that speaks JSON: one receipt in the
fiscal memory whatever answer is lost and in whatever form it is asked again. Shown with zeep, suds
and gSOAP, which know nothing but the WSDL that the server gives them, over the programs as they are
shipped."""
from __future__ import annotations

import http.client
import io
import json
import shutil
import ssl
import subprocess
import time

import pytest
import suds.client
import suds.transport
import zeep
import zeep.transports
from lxml import etree
from shop import Lost
from test_devices import command_id, receipt, totals
from test_webpos import FINAL, ORIGIN, PATIENCE, Till, _counter, _server, _till  # noqa: F401

PATH = "/devices/soap"
SPACE = "{urn:tillhost:devices:1}"
PORTS = ["DevicesSoap", "DevicesSoap12"]
SCHEMA = "{http://www.w3.org/2001/XMLSchema}schema"


class Reply:
    """As zeep wants to be answered."""

    def __init__(self, answer) -> None:
        self.status_code, self.content, self.encoding = answer.status, answer.body, "utf-8"
        self.headers = {"Content-Type": answer.headers["Content-Type"]}
        self.text = answer.body.decode()


class ZeepTransport(zeep.transports.Transport):
    def __init__(self, server, token: str) -> None:
        super().__init__()
        self.wsdl = server.line().call("GET", PATH + "?wsdl").body  # without a token
        self.line = server.line(f"Bearer {token}" if token else "")
        self.last = b""

    def load(self, url):
        return self.wsdl

    def post(self, address, message, headers):
        answer = self.line.call("POST", PATH, message, headers)
        self.last = answer.body
        return Reply(answer)


class SoapTill:
    """What a program makes of the WSDL."""

    def __init__(self, server, token: str, port: str = PORTS[0]) -> None:
        self.transport = ZeepTransport(server, token)
        self.client = zeep.Client("devices.wsdl", transport=self.transport,
                                  settings=zeep.Settings(strict=True))
        self.call = self.client.bind("Devices", port)

    def message(self, name: str, **fields) -> bytes:
        return etree.tostring(self.client.create_message(self.call, name, **fields))

    def refused(self, name: str, kind: str = "refused", **fields) -> etree._Element:
        """The detail of the fault, which must be of that kind."""
        with pytest.raises(zeep.exceptions.Fault) as caught:
            self.call[name](**fields)
        detail = caught.value.detail.find(SPACE + kind)
        assert detail is not None, etree.tostring(caught.value.detail)
        return detail

    def outcome(self, name: str):
        end = time.monotonic() + PATIENCE
        while True:
            told = self.call.operation(operation_id=name, device="kassa", waitMs=2000).reply
            if told.state in FINAL:
                return told
            assert time.monotonic() < end, told


def sale(name: str, price: int) -> dict:
    return {"operation_id": name, "device": "kassa", "command": {"receipt": receipt(price)}}


def code(detail) -> str:
    return detail.findtext(f"{SPACE}error/{SPACE}code")


@pytest.fixture(name="soap", params=PORTS)
def _soap(till, request):
    return SoapTill(till.server, till.token, request.param)


def test_a_receipt_by_either_form(soap, till, counter):
    listed = soap.call.devices().reply.devices
    assert {"kassa", "pos"} == {one.device for one in listed}
    name = command_id()
    told = soap.call.submit(**sale(name, 12_000))
    assert told.reply.operation_id == name and told.book > 0
    done = soap.outcome(name)
    assert done.state == "done" and done.result.fiscal.registered, done
    # The same by JSON is the same operation, and so is the other way about.
    assert till.sell(name, 12_000)["repeat"]
    second = command_id()
    till.sell(second, 13_000)
    assert soap.outcome(second).state == "done"
    again = soap.call.submit(**sale(second, 13_000)).reply
    assert again.repeat and again.state == "done"
    assert totals(counter) == [12_000, 13_000]
    refused = soap.refused("submit", **sale(name, 99))
    assert code(refused) == "conflict"
    assert refused.findtext(f"{SPACE}error/{SPACE}effect") == "none"
    assert soap.call.acknowledge(operation_id=name).reply.acknowledged
    listed = till.ask("GET", "/v1/operations?device=kassa")[1]["operations"]
    assert {one["operation_id"]: one.get("acknowledged", False) for one in listed} == {
        name: True, second: False}
    assert totals(counter) == [12_000, 13_000]


def test_a_card(soap):
    name = command_id()
    soap.call.submit(operation_id=name, device="pos", command={
        "authorise": {"amount_minor": 12_000, "currency": "EUR"}})
    told = soap.call.operation(operation_id=name, waitMs=20_000).reply
    assert told.state == "done" and told.result.payment is not None, told
    assert told.result.fiscal is None


def test_an_answer_that_is_lost(soap, till, counter):
    """The request goes out, the connection is closed before its answer; the till asks again."""
    for price in range(100, 104):
        name = command_id()
        context = ssl.create_default_context(cafile=str(till.server.certificate()))
        cut = http.client.HTTPSConnection("localhost", till.server.port, context=context)
        cut.request("POST", PATH, soap.message("submit", **sale(name, price)),
                    {"Authorization": f"Bearer {till.token}", "Content-Type": "text/xml"})
        cut.close()
        soap.call.submit(**sale(name, price))
        assert soap.outcome(name).state == "done"
        soap.call.acknowledge(operation_id=name)
    assert totals(counter) == list(range(100, 104))


def test_a_kill_of_devd_and_of_the_server(soap, till, server, counter):
    name = command_id()
    soap.call.submit(**sale(name, 700))
    server.kill()
    counter.kill_devd()
    server.start()
    for _ in range(2):  # on the old connection, which is gone, and on a new one
        with pytest.raises((zeep.exceptions.Fault, Lost)):
            soap.call.submit(**sale(name, 700))
    counter.start_devd()
    end = time.monotonic() + PATIENCE
    while True:
        try:
            soap.call.submit(**sale(name, 700))
            break
        except (zeep.exceptions.Fault, Lost) as error:
            assert time.monotonic() < end, error
            time.sleep(0.05)
    state = soap.outcome(name).state
    assert totals(counter) == ([700] if state == "done" else [])
    assert till.outcome(name)["state"] == state


def test_another_book_is_not_asked(soap, counter):
    name = command_id()
    book = soap.call.status(device="kassa").book
    refused = soap.refused("submit", **sale(name, 100), book=book + 1)
    assert code(refused) == "other_book"
    assert soap.call.submit(**sale(name, 100), book=book).book == book
    assert soap.outcome(name).state == "done"
    assert totals(counter) == [100]


def test_a_token_is_its_role_and_its_devices(server, till):
    none = SoapTill(server, "")
    for token in ("", "tw-wrong"):
        none.transport.line = server.line(f"Bearer {token}" if token else "")
        assert code(none.refused("devices")) == "not_permitted"
    answer = server.line().call("POST", PATH, none.message("devices"))
    assert answer.status == 401 and answer.headers["WWW-Authenticate"]
    eye = Till(server, "eye", "--role", "observer", "--devices", "pos")
    soap = SoapTill(server, eye.token)
    assert [one.device for one in soap.call.devices().reply.devices] == ["pos"]
    assert code(soap.refused("status", device="kassa")) == "not_permitted"
    refused = soap.refused("submit", operation_id=command_id(), device="pos",
                           command={"receipt": receipt(1)})
    assert "cashier" in refused.findtext(f"{SPACE}error/{SPACE}text")
    answer = till.line.call("POST", PATH, soap.message("devices"), {"Origin": ORIGIN + ".evil"})
    assert b"Origin" in answer.body and answer.headers["Access-Control-Allow-Origin"] is None
    answer = till.line.call("POST", PATH, soap.message("devices"), {"Origin": ORIGIN})
    assert answer.status == 200 and answer.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_wrong_fields_are_named(soap, till):
    path = "command.receipt.lines[0].price_minor"
    for price in ("dear", 10**16):  # no number; beyond its bound
        text = soap.message("submit", **sale(command_id(), 1))
        text = text.replace(b"price_minor>1<", f"price_minor>{price}<".encode())
        answer = till.line.call("POST", PATH, text)
        told = etree.fromstring(answer.body)
        assert answer.status == 500 and told.findtext(f".//{SPACE}field") == path, answer.body
        assert b":Client<" in answer.body or b":Sender<" in answer.body
    assert code(soap.refused("operation", operation_id=command_id())) == "unknown_operation"
    refused = soap.refused("operation", operation_id=command_id(), waitMs=25_001)
    assert refused.findtext(SPACE + "field") == "waitMs"
    assert refused.findtext(SPACE + "request_id")
    for text in (b"", b"<a", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<a/>"):
        answer = till.line.call("POST", PATH, text)
        assert answer.status == 500 and b"<code>malformed</code>" in answer.body


def test_events_that_are_waited_for(soap):
    told = soap.call.events(topics="operation/kassa,alarms").reply
    assert not told.events
    after, name, states = told.after, command_id(), []
    soap.call.submit(**sale(name, 500))
    end = time.monotonic() + PATIENCE
    while "done" not in states:
        assert time.monotonic() < end, states
        told = soap.call.events(topics="operation/kassa,alarms", after=after, waitMs=2000).reply
        after = told.after
        for one in told.events:
            assert one.topic == "operation/kassa"
            assert one.body.operation.operation_id == name
            states.append(one.body.operation.state)
    refused = soap.refused("events", topics="device/none")
    assert code(refused) == "unknown_device"


def test_what_is_answered_is_valid(server, till, soap):
    """By libxml2, with the schema that stands in the WSDL."""
    schema = etree.XMLSchema(etree.fromstring(soap.transport.wsdl).find(".//" + SCHEMA))
    boss = SoapTill(server, Till(server, "boss", "--role", "administrator").token)
    name = command_id()
    boss.call.submit(**sale(name, 12_000))
    boss.outcome(name)
    seen = set()

    def look(answer: bytes) -> None:
        body = etree.fromstring(answer)[-1]
        element = body[0] if body[0].tag.startswith(SPACE) else body.find(f".//{SPACE}refused")
        seen.add(element.tag.removeprefix(SPACE))
        assert schema.validate(element), (schema.error_log, answer)

    for operation, fields in (
            ("devices", {}), ("status", {"device": "kassa"}), ("status", {"device": "pos"}),
            ("device_settings", {"device": "kassa"}), ("operations", {"limit": 5}),
            ("query", {"device": "kassa", "query": {"status": {}}}), ("models", {}),
            ("operation", {"operation_id": name}), ("health", {}), ("metrics", {}), ("audit", {}),
            ("events", {"topics": "devices"}), ("acknowledge", {"operation_id": name})):
        boss.call[operation](**fields)
        look(boss.transport.last)
    boss.refused("status", device="none")
    look(boss.transport.last)
    assert len(seen) == 13 and "refused" in seen


class SudsTransport(suds.transport.Transport):
    def __init__(self, server, token: str) -> None:
        super().__init__()
        self.line = server.line(f"Bearer {token}")

    def open(self, request):
        return io.BytesIO(self.line.call("GET", PATH + "?wsdl").body)

    def send(self, request):
        answer = self.line.call("POST", PATH, request.message, dict(request.headers))
        if answer.status != 200:
            raise suds.transport.TransportError("refused", answer.status, io.BytesIO(answer.body))
        return suds.transport.Reply(200, {}, answer.body)


def test_suds_reads_and_calls(server, till, counter):
    client = suds.client.Client("https://localhost" + PATH + "?wsdl", cache=None, port=PORTS[0],
                                transport=SudsTransport(server, till.token))
    methods = client.wsdl.services[0].ports[0].methods
    page = json.loads(server.line().call("GET", "/devices/openapi.json").body)
    assert set(methods) == {one["operationId"] for path in page["paths"].values()
                            for one in path.values()}
    location = client.wsdl.services[0].ports[0].location
    assert str(location) == f"https://localhost:{server.port}{PATH}"
    name = command_id()
    told = client.service.submit(**sale(name, 12_000))
    assert str(told.reply.operation_id) == name
    told = client.service.operation(operation_id=name, waitMs=20_000)
    assert str(told.reply.state) == "done"
    with pytest.raises(suds.WebFault) as caught:
        client.service.submit(**sale(name, 99))
    assert caught.value.fault.detail.refused.error.code == "conflict"
    assert totals(counter) == [12_000]


def test_gsoap_reads_it(server, tmp_path):
    assert shutil.which("wsdl2h"), "package gsoap"
    wsdl, header = tmp_path / "devices.wsdl", tmp_path / "devices.h"
    wsdl.write_bytes(server.line().call("GET", PATH + "?wsdl").body)
    subprocess.run(["wsdl2h", "-o", header, wsdl], check=True, timeout=60, capture_output=True)
    text = header.read_text()
    for name in ("submit", "operation", "add_USCOREdevice", "events"):
        assert f"__ns1__{name}(" in text
    subprocess.run(["soapcpp2", "-j", "-C", "-I/usr/share/gsoap/import", header], check=True,
                   timeout=120, capture_output=True, cwd=tmp_path)
