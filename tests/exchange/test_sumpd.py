"""Claim: between phones and the accounting system no document is lost or doubled, whatever is
repeated, in whatever encoding. Shown with the real sumpd over TLS: its answers, and what a played
accounting system has booked in the end."""
from __future__ import annotations

import copy
import json
import re
import uuid
import xml.etree.ElementTree as tree

import pytest
from accounting import Accounting, good, role, user
from shop import NODE, Phone, Refused, Server

SPACE = "urn:sumpd:exchange:1"


@pytest.fixture(name="server")
def _server(tmp_path):
    server = Server(tmp_path / "sumpd").start()
    yield server
    assert server.stop() == 0, server.log.read_text()


@pytest.fixture(name="accounting")
def _accounting(server):
    accounting = Accounting(server)
    job = accounting.send([role("cashier", "sale.sell"), user("u1", "Anna", "a good password"),
                           *good("g1"), *good("g2")])
    assert job["state"] == "done" and not job.get("error"), job
    return accounting


def changes(phone: Phone, cursor: str = "") -> tuple[list[dict], str]:
    """All that changed behind the cursor, and the next one."""
    objects = []
    while True:
        query = f"maxBytes=4096&cursor={cursor}" if cursor else "maxBytes=4096"
        told = phone.line.ask("GET", f"/v1/app/changes?{query}")
        objects += told.get("object", [])
        cursor = told["cursor"]
        if not told["more"]:
            return objects, cursor


def test_a_day(server, accounting):
    """Goods and users come, a phone is enrolled, logs in, reads, sells; the receipt is booked once,
    its number comes back."""
    phone = Phone(server, "phone-1")
    phone.enroll()
    with pytest.raises(Refused) as wrong:
        phone.login("anna", "a bad password")
    assert wrong.value.code == "unauthorized"
    told = phone.login("anna", "a good password", storeId="s1")
    assert {"name": "sale.sell", "value": "true"} in told["permission"]
    objects, cursor = changes(phone)
    assert {each["id"] for each in objects if each["kind"] == "Goods"} == {"g1", "g2"}
    assert "password" not in json.dumps(objects) and "Hash" not in json.dumps(objects)
    receipt = phone.sell()
    assert [one["status"] for one in phone.deliver()["result"]] == ["stored"]
    accounting.fetch_all()
    assert list(accounting.booked) == [receipt["docId"]]
    status = phone.line.ask("POST", "/v1/app/documents/status", {"docId": [receipt["docId"]]})
    assert status["result"][0]["state"] == "accepted"
    assert status["result"][0]["erpNumber"] == "РТ-1"
    accounting.send(good("g1", "120.00"))
    objects, _ = changes(phone, cursor)
    assert [each["id"] for each in objects] == ["retail/g1"], "only what has changed"
    assert phone.line.ask("POST", "/v1/app/heartbeat", {
        "queueLength": 0, "lastSeq": phone.seq, "appVersion": "1.0", "freeBytes": 1,
        "clockAt": "2026-11-27T10:00:00.000+00:00"})["serverTime"]


def soap(server, version: str, operation: str, inside: str, line) -> tuple[int, tree.Element]:
    space = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/",
             "1.2": "http://www.w3.org/2003/05/soap-envelope"}[version]
    kind = "text/xml" if version == "1.1" else "application/soap+xml"
    body = (f'<e:Envelope xmlns:e="{space}"><e:Body><{operation} xmlns="{SPACE}">{inside}'
            f"</{operation}></e:Body></e:Envelope>")
    answer = line.call("POST", "/soap", body.encode(), {"Content-Type": kind})
    return answer.status, tree.fromstring(answer.body)


def as_xml(document: dict) -> str:
    """A receipt of shop.py in the order of the XSD."""
    receipt = document["body"]["receipt"]
    line, payment = receipt["line"][0], receipt["payment"][0]
    return (f"<Document><DocId>{document['docId'].upper()}</DocId>"
            f"<DeviceSeq>{document['deviceSeq']}</DeviceSeq><SchemaVersion>1</SchemaVersion>"
            f"<CreatedAt>{document['createdAt']}</CreatedAt><UserId>u1</UserId><Body><Receipt>"
            f"<Number>{receipt['number']}</Number><Shift>1</Shift><Type>sale</Type>"
            f"<StoreId>s1</StoreId><Line><Goods><GoodsId>{line['goods']['goodsId']}</GoodsId>"
            f"</Goods><Qty>1</Qty><Price>{line['price']}</Price><Discount>0</Discount>"
            f"<Sum>{line['sum']}</Sum><Vat>vat20</Vat></Line><Payment><TypeId>cash</TypeId>"
            f"<Amount>{payment['amount']}</Amount></Payment><Total>{receipt['total']}</Total>"
            "<DiscountsOffline>false</DiscountsOffline></Receipt></Body></Document>")


@pytest.mark.parametrize("first", ["json", "1.1", "1.2", "raw"])
@pytest.mark.parametrize("second", ["json", "1.1", "raw"])
def test_a_retry_in_another_encoding_is_a_duplicate(server, accounting, first, second):
    phone = Phone(server, "phone-1")
    phone.enroll()
    document = phone.sell()

    def put(encoding: str) -> str:
        if encoding == "json":
            return phone.line.ask("POST", "/v1/app/documents",
                                  {"document": [document]})["result"][0]["status"]
        if encoding == "raw":
            body = f'<PutDocuments xmlns="{SPACE}">{as_xml(document)}</PutDocuments>'
            answer = phone.line.call("POST", "/xml", body.encode())
            assert answer.status == 200, answer.body
            root = tree.fromstring(answer.body)
        else:
            status, root = soap(server, encoding, "PutDocuments", as_xml(document), phone.line)
            assert status == 200, tree.tostring(root)
        return root.find(f".//{{{SPACE}}}Status").text

    assert (put(first), put(second)) == ("stored", "duplicate")
    accounting.fetch_all()
    assert list(accounting.booked) == [document["docId"]]


def test_what_stands_under_an_id_does_not_change(server, accounting):
    """Another body under the same id, another id under the same number; a gap is told until it is
    closed; a rejected document is rejected again, and corrected by another one."""
    phone = Phone(server, "phone-1")
    phone.enroll()
    first = phone.sell()
    phone.deliver()
    changed = copy.deepcopy(first)
    changed["body"]["receipt"]["number"] = "99"
    other = copy.deepcopy(first)
    other["docId"] = str(uuid.uuid4())
    told = phone.line.ask("POST", "/v1/app/documents", {"document": [changed, other]})
    assert [one["status"] for one in told["result"]] == ["conflict", "conflict"]
    skipped, third = phone.sell(), phone.sell()
    told = phone.line.ask("POST", "/v1/app/documents", {"document": [third]})
    assert told["missingSeq"] == [{"from": 2, "to": 2}]
    told = phone.line.ask("POST", "/v1/app/documents", {"document": [skipped]})
    assert not told.get("missingSeq")
    accounting.fetch(reject={third["docId"]})
    accounting.fetch_all()
    assert set(accounting.booked) == {first["docId"], skipped["docId"]}
    told = phone.line.ask("POST", "/v1/app/documents", {"document": [third]})
    assert told["result"][0]["status"] == "rejected" and told["result"][0]["error"] == "не то"
    correction = phone.sell()
    correction["supersedes"] = third["docId"]
    phone.queue = [correction]
    phone.deliver()
    accounting.fetch_all()
    assert correction["docId"] in accounting.booked and not accounting.doubled


def test_numbers_of_messages(server, accounting):
    """The same message again is answered as before; other bytes under its number, an older number,
    another node, a cut part and a wrong sum are refused by their codes."""
    data = accounting.message(good("g3"), 2)
    message_id = str(uuid.uuid4())
    assert accounting.carry(message_id, 2, data)["state"] == "done"
    assert accounting.carry(message_id, 2, data)["state"] == "done"
    accounting.sent_no = 2
    assert accounting.status()["receivedNo"] == 2

    def refused(*words, **more) -> str:
        with pytest.raises(Refused) as caught:
            accounting.carry(*words, **more)
        return caught.value.code

    assert refused(str(uuid.uuid4()), 2, accounting.message(good("g4"), 2)) == "message_conflict"
    assert refused(str(uuid.uuid4()), 1, accounting.message(good("g4"), 1)) == "stale_message"
    for path, record in (("prepare", {"ackNo": 0, "partSize": 65536}),
                         ("confirm", {"messageNo": 1})):
        with pytest.raises(Refused) as caught:
            accounting.line.ask("POST", f"/v1/erp/outbox/{path}", {"node": "other", **record})
        assert caught.value.code == "node_conflict"
    answer = accounting.line.call("PUT", f"/v1/erp/inbox/{uuid.uuid4()}/parts/1", b"abc",
                                  {"X-Content-Sha256": "0" * 64})
    assert answer.status == 400
    phone = Phone(server, "phone-1")
    phone.enroll()
    phone.sell()
    phone.deliver()
    accounting.fetch_all()
    accounting.received_no = 0
    with pytest.raises(Refused) as caught:
        accounting.fetch()
    assert caught.value.code == "ack_regression", "the accounting system came from a backup"


def test_full_message(server, accounting):
    """What a full message does not name is gone, for apps at their next look; its goods that are
    the same as before are no change."""
    phone = Phone(server, "phone-1")
    phone.enroll()
    phone.login("anna", "a good password")
    _, cursor = changes(phone)
    accounting.send([role("cashier", "sale.sell"), user("u1", "Anna", "a good password"),
                     *good("g2")], full=True)
    objects, _ = changes(phone, cursor)
    assert {each["id"] for each in objects if each["deleted"]} == {"g1", "retail/g1"}
    assert not [each for each in objects if each["id"] == "g2"]


def test_revoked_and_disabled(server, accounting):
    """Whoever the accounting system disables is out at once; a phone that gave itself back too, and
    its key is told so. A user's documents are taken from the phone all the same."""
    phone = Phone(server, "phone-1")
    phone.enroll()
    phone.login("anna", "a good password")
    phone.sell()
    disabled = user("u1", "Anna", "a good password")
    disabled["body"]["user"]["enabled"] = False
    accounting.send([disabled])
    with pytest.raises(Refused) as caught:
        phone.deliver()
    assert caught.value.code == "session_expired"
    phone.line = server.line(f"Bearer {phone.key}")
    assert phone.deliver()["result"][0]["status"] == "stored"
    phone.line.ask("POST", "/v1/app/revoke", {"deviceKey": phone.key})
    with pytest.raises(Refused) as caught:
        phone.line.ask("POST", "/v1/app/documents/status", {"docId": phone.sent})
    assert caught.value.code == "device_revoked"


def test_bad_input_names_the_field(server, accounting):
    phone = Phone(server, "phone-1")
    phone.enroll()
    document = phone.sell()
    document["body"]["receipt"]["line"][0]["qty"] = "1,5"
    with pytest.raises(Refused) as caught:
        phone.deliver()
    assert caught.value.status == 400
    assert caught.value.fault["field"] == "document[0].body.receipt.line[0].qty"
    assert caught.value.fault["requestId"]
    document["body"] = {"letter": {}}
    with pytest.raises(Refused) as caught:
        phone.deliver()
    assert caught.value.code == "unsupported_kind"
    assert accounting.fetch() == 0


def test_after_a_kill_everything_is_there(server, accounting):
    phone = Phone(server, "phone-1")
    phone.enroll()
    told = phone.login("anna", "a good password")
    receipt = phone.sell()
    phone.deliver()
    server.kill()
    server.start()
    phone.line = server.line(f"Bearer {told['session']}")
    assert len(changes(phone)[0]) == 10  # with the other four predefined roles
    accounting.line = server.accounting_line()
    accounting.fetch_all()
    assert list(accounting.booked) == [receipt["docId"]]


def test_the_log_has_no_secrets(server, accounting):
    phone = Phone(server, "phone-1")
    told = phone.enroll()
    session = phone.login("anna", "a good password")["session"]
    log = server.log.read_text()
    for secret in (told["deviceKey"], session, "a good password", "a password of the test"):
        assert secret not in log
    assert re.search(r"serving .*node=" + NODE, log)
