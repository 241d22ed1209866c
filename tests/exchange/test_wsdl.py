"""The frozen WSDL and XSD with the SOAP clients that accounting systems have: zeep and suds call
every operation against our codecs, gSOAP reads it, and libxml2 validates what we write."""
from __future__ import annotations

import datetime
import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import suds.client
import suds.transport
import zeep
import zeep.transports
from lxml import etree

PEER = Path(os.environ["TILLHOST_PROGRAMS"]) / "exchange_peer"
SCHEMA = Path("sumpd/exchange/schema").resolve()
WSDL = (SCHEMA / "exchange-1.wsdl").as_uri()
OPERATIONS = re.findall(r'wsdl:operation name="(\w+)"><wsdl:input message',
                        (SCHEMA / "exchange-1.wsdl").read_text())
UUID = "0190F5C4-6F6E-7CC1-9F0A-5B8C4D1E2F30"
MOMENT = datetime.datetime(2026, 11, 27, 10, 0, 0, 5000,
                           datetime.timezone(datetime.timedelta(hours=3)))
DOCUMENT = {
    "DocId": UUID, "DeviceSeq": 7, "SchemaVersion": 1, "CreatedAt": MOMENT, "UserId": "Ёж <1>",
    "Body": {"CashMove": {"Shift": "3", "Direction": "in", "Amount": "12.5"}},
}


# What each operation asks for at least, and what of it is looked for in the request that arrives.
SECRET = "dk-" + "s" * 43
ARGUMENTS = {
    "AnswerCommand": {"CommandId": UUID, "Outcome": "approved", "AmountMinor": 1250,
                      "ReceiptNumber": 7},
    "CancelMessage": {"MessageId": UUID},
    "CommitMessage": {"Node": "c", "MessageId": UUID, "MessageNo": 1, "AckNo": 0, "PartCount": 1,
                      "Sha256": "0" * 64, "Full": False},
    "ConfirmMessage": {"Node": "c", "MessageNo": 3,
                       "Result": [{"DocId": UUID, "Status": "accepted"}]},
    "Enroll": {"Token": SECRET, "InstallId": "i", "Model": "m", "Os": "o", "AppName": "a",
               "AppVersion": "1"},
    "GetChanges": {"MaxBytes": 4096},
    "GetCommand": {"CommandId": UUID, "WaitMs": 10},
    "GetDevices": {},
    "GetDocumentStatus": {"DocId": [UUID]},
    "GetJob": {"JobId": "1"},
    "GetPart": {"MessageId": UUID, "PartNo": 1},
    "Heartbeat": {"QueueLength": 0, "LastSeq": 0, "AppVersion": "1", "FreeBytes": 1,
                  "ClockAt": MOMENT},
    "LockTask": {"TaskId": "t", "LeaseSec": 60},
    "Login": {"DeviceKey": SECRET, "Login": "anna", "Password": "a good password"},
    "Logout": {},
    "PrepareMessage": {"Node": "c", "AckNo": 0, "PartSize": 65536, "MaxBytes": 1048576},
    "PutDocuments": {"Document": [DOCUMENT]},
    "PutPart": {"MessageId": UUID, "PartNo": 1, "Sha256": "0" * 64, "Data": b"AP8A"},
    "ReleaseTask": {"TaskId": "t"},
    "Revoke": {"DeviceKey": SECRET},
    "Roll": {"DeviceKey": SECRET},
    "StartCommand": {"CommandId": UUID, "Op": "receipt", "Payload": "{}", "TimeoutMs": 1000,
                     "Force": False},
    "TestConnection": {"Node": "c"},
}


# Operations whose answer says nothing but that it was done.
EMPTY = {"CancelMessage", "Logout", "ReleaseTask", "Revoke"}


def arrived(name: str, request: str) -> None:
    """Everything that was given has come through, under its name in JSON."""
    read = json.loads(request)
    for given in ARGUMENTS[name]:
        assert given[0].lower() + given[1:] in read, (name, given, read)


def peer(verb: str, body: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([PEER, verb], input=body, capture_output=True, check=True, timeout=30)


class Zeep(zeep.transports.Transport):
    """Carries requests to the peer program; load() of the WSDL stays zeep's own."""

    request = ""

    def post(self, address, message, headers):
        done = peer("answer", message)
        self.request = done.stderr.decode()
        status = 500 if b"Fault>" in done.stdout else 200
        return Answer(done.stdout, status)


class Answer:
    def __init__(self, content: bytes, status_code: int):
        self.content, self.status_code, self.encoding = content, status_code, "utf-8"
        self.headers = {"Content-Type": "text/xml; charset=utf-8"}
        self.text = content.decode()


@pytest.fixture(params=["SumpExchangeSoap", "SumpExchangeSoap12"])
def service(request):
    client = zeep.Client(WSDL, transport=Zeep(), settings=zeep.Settings(strict=True),
                         service_name="SumpExchange", port_name=request.param)
    return client.service, client.transport


def test_zeep_calls_and_reads(service):
    call, transport = service
    answer = call.PutDocuments(Session="s", Document=[DOCUMENT, DOCUMENT])
    documents = json.loads(transport.request)["document"]
    assert len(documents) == 2
    assert documents[0] == {
        "docId": UUID.lower(), "deviceSeq": 7, "schemaVersion": 1,
        "createdAt": "2026-11-27T10:00:00.005+03:00", "userId": "Ёж <1>",
        "body": {"cashMove": {"shift": "3", "direction": "in", "amount": "12.50"}}}
    assert [result.DocId[:8] for result in answer.Result] == ["0190f5c4"] * 2
    assert answer.Result[0].ReceivedAt.tzinfo is not None
    assert len(answer.MissingSeq) == 2


def test_zeep_carries_bytes(service):
    call, transport = service
    call.PutPart(MessageId=UUID, PartNo=1, Sha256="0" * 64, Data=b"\x00\xff" * 100)
    assert json.loads(transport.request)["data"].startswith("AP8A/wD/")
    answer = call.GetPart(MessageId=UUID, PartNo=1)
    assert set(answer.Data) == {0xFE}


def test_zeep_reads_every_answer(service):
    call, _ = service
    changes = call.GetChanges(MaxBytes=4096)
    assert changes.Object[0].Body.Store.Name.startswith(" Молоко «Ё»")
    assert call.Heartbeat(QueueLength=0, LastSeq=0, AppVersion="1", FreeBytes=1,
                          ClockAt=MOMENT).Command[0].Kind
    call.Logout()
    call.CancelMessage(MessageId=UUID)


@pytest.mark.parametrize("name", OPERATIONS)
def test_zeep_runs_every_operation(service, name):
    call, transport = service
    answer = getattr(call, name)(**ARGUMENTS[name])
    arrived(name, transport.request)
    assert answer is not None or name in EMPTY, name


def test_zeep_sees_our_fault(service):
    call, _ = service
    with pytest.raises(zeep.exceptions.Fault) as caught:
        call.TestConnection(Node="refuse")
    error = caught.value.detail.find("{urn:sumpd:exchange:1}SumpError")
    assert error.findtext("{urn:sumpd:exchange:1}Code") == "unknown_node"
    assert error.findtext("{urn:sumpd:exchange:1}RequestId") == "r-1"
    with pytest.raises(zeep.exceptions.Fault) as caught:
        call.GetPart(MessageId="1", PartNo=1)
    assert "MessageId" in caught.value.message


def as_text(value):
    """suds writes what is a restricted type of XML as str() does, which is no time of XML."""
    if isinstance(value, dict):
        return {name: as_text(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_text(one) for one in value]
    if isinstance(value, bytes):
        return value.decode()
    return value.isoformat() if isinstance(value, datetime.datetime) else value


class Suds(suds.transport.Transport):
    request = ""

    def open(self, request):
        return open(request.url.removeprefix("file://"), "rb")

    def send(self, request):
        done = peer("answer", request.message)
        self.request = done.stderr.decode()
        if b"Fault>" in done.stdout:
            raise suds.transport.TransportError("fault", 500, io.BytesIO(done.stdout))
        return suds.transport.Reply(200, {}, done.stdout)


def test_suds_calls_and_reads():
    transport = Suds()
    client = suds.client.Client(WSDL, transport=transport, cache=None, port="SumpExchangeSoap")
    methods = client.wsdl.services[0].ports[0].methods
    assert sorted(methods) == sorted(OPERATIONS)
    answer = client.service.ConfirmMessage(
        Node="Касса", MessageNo=3, Result=[{"DocId": UUID, "Status": "accepted"}])
    assert json.loads(transport.request) == {
        "node": "Касса", "messageNo": 3,
        "result": [{"docId": UUID.lower(), "status": "accepted"}]}
    assert int(answer) in (0, 10**12)
    with pytest.raises(suds.WebFault) as caught:
        client.service.TestConnection(Node="refuse")
    assert caught.value.fault.detail.SumpError.Code == "unknown_node"


@pytest.mark.parametrize("name", OPERATIONS)
def test_suds_runs_every_operation(name):
    transport = Suds()
    client = suds.client.Client(WSDL, transport=transport, cache=None, port="SumpExchangeSoap")
    getattr(client.service, name)(**as_text(ARGUMENTS[name]))
    arrived(name, transport.request)


def test_gsoap_reads_it(tmp_path):
    assert shutil.which("wsdl2h"), "package gsoap"
    header = tmp_path / "exchange.h"
    subprocess.run(["wsdl2h", "-o", header, SCHEMA / "exchange-1.wsdl"], check=True, timeout=60,
                   capture_output=True)
    text = header.read_text()
    for operation in OPERATIONS:
        assert f"__ns1__{operation}" in text
    subprocess.run(["soapcpp2", "-j", "-C", "-I/usr/share/gsoap/import", header], check=True,
                   timeout=60, capture_output=True, cwd=tmp_path)


def validator(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMA / name)))


def test_what_we_write_is_valid():
    schema = validator("exchange-1.xsd")
    lines = peer("elements").stdout.split(b"\n")[:-1]
    names = set()
    for line in lines:
        element = etree.fromstring(line)
        names.add(etree.QName(element).localname)
        assert schema.validate(element), (line[:300], schema.error_log)
    assert names == {*OPERATIONS, *(f"{each}Response" for each in OPERATIONS), "SumpError"}


def test_a_message_is_valid():
    schema = validator("data-1.xsd")
    message = etree.fromstring(peer("message").stdout)
    assert len(message) > 40
    assert schema.validate(message), schema.error_log
