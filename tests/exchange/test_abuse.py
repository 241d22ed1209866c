"""Claim: whatever is sent to sumpd, and however slowly, it goes on answering, keeps its memory
within bounds, and nobody without login learns or changes anything. Shown with the real sumpd over
TLS; behind every test a receipt is stored. No answer is timed: one within a patience of 20 seconds
counts."""
from __future__ import annotations

import contextlib
import gzip
import re
import resource
import time
import uuid

import pytest
import shop
from accounting import Accounting, role, user
from hostile import (DEVICES, OWN_SECRET, PATIENCE, SPACE, UUID, Peer, element, envelope, lowered,
                     operations, paths, post)
from shop import NODE, Lost, Phone, Refused, Server

# As a service of systemd has it, fewer than the connections that sumpd takes.
DESCRIPTORS_OF_SERVICE = 1024
DESCRIPTORS_OF_TEST = 4096
# Of a thousand connections of TLS (100 MiB), two hashes of passwords and the largest bodies; one
# bomb that went off would be more.
PEAK_MIB_MAX = 512
CONNECTIONS = 2048
CONNECTIONS_PER_ADDRESS = 1024
BODY_MAX = 1024 * 1024
FORMS = ("raw", "soap11", "soap12")


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS_OF_SERVICE, hard))
    server = Server(tmp_path_factory.mktemp("abuse") / "sumpd").start()
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, DESCRIPTORS_OF_TEST), hard))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shop, "ANSWER_MAX", PATIENCE)
        yield server
    status = open(f"/proc/{server.process.pid}/status", encoding="ascii").read()
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024
    assert server.stop() == 0, server.log.read_text()
    assert peak < PEAK_MIB_MAX, f"sumpd had {peak:.0f} MiB"


@pytest.fixture(name="accounting", scope="module")
def _accounting(server):
    accounting = Accounting(server)
    accounting.send([role("cashier", "sale.sell"), user("u1", "Anna", "a good password")])
    return accounting


@pytest.fixture(name="phone", scope="module")
def _phone(server, accounting):
    phone = Phone(server, "phone-1")
    phone.enroll()
    return phone


def is_served(phone: Phone) -> None:
    """On a connection of its own."""
    phone.line = phone.server.line(f"Bearer {phone.key}")
    phone.sell()
    assert [one["status"] for one in phone.deliver()["result"]] == ["stored"]


@pytest.fixture(autouse=True)
def _goes_on(server, phone):
    yield
    is_served(phone)
    assert server.line().call("GET", "/healthz").status == 204


def has_room_again(server: Server) -> None:
    """Once it has seen that all connections of this address have gone."""
    end = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(Lost):
            if server.line().call("GET", "/healthz").status == 204:
                return
        assert time.monotonic() < end, "nobody of this address is let in any more"


def refusal(server: Server, *texts: str | bytes) -> int:
    with Peer(server) as peer:
        for text in texts:
            peer.say(text)
        return peer.status()


# --- the layer below


def test_descriptors_for_all_connections(server):
    limits = open(f"/proc/{server.process.pid}/limits", encoding="ascii").read()
    soft = int(re.search(r"Max open files +(\d+)", limits).group(1))
    assert soft > CONNECTIONS, "it was started with fewer"


def test_headers_without_end(server):
    """One line, and a million of them."""
    begin = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    assert refusal(server, begin + "X-Long: ", *["x" * 65536] * 64) == 431
    assert refusal(server, begin, *["a: b\r\n" * 1000] * 1000) == 431


def test_bodies_beyond_the_limit(server):
    """Said beforehand, not said, and chunks whose heads do not end."""
    assert refusal(server, post("Content-Length: 99999999999\r\n")) == 413
    chunk = f"8000\r\n{'x' * 0x8000}\r\n"
    assert refusal(server, post("Transfer-Encoding: chunked\r\n"), *[chunk] * 64) == 413
    assert refusal(server, post("Transfer-Encoding: chunked\r\n"), "1;note=",
                   *["x" * 16384] * 16) == 400
    too_much = f"Content-Length: {BODY_MAX + 1}\r\n"
    assert refusal(server, post(too_much), "x" * (BODY_MAX + 1)) == 413


@pytest.mark.parametrize("lengths, body", [
    ("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"),
    ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\n", "-2\r\nab\r\n0\r\n\r\n"),
    ("Content-Length: -1\r\n", ""),
    ("Content-Length: 3, 3\r\n", "abc"),
])
def test_lengths_that_contradict_each_other(server, lengths, body):
    assert refusal(server, post(lengths) + body) == 400


def test_handshakes_left_half(server, phone):
    """The start of a ClientHello, what is none, HTTP without TLS, nothing; left open, gone in order
    or by a reset."""
    starts = [b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
              b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\xff" * 600]
    peers = []
    for at in range(200):
        peer = Peer(server, secure=False)
        peer.say(starts[at % len(starts)])
        peers.append(peer)
        if at % 40 == 0:
            is_served(phone)
    for at, peer in enumerate(peers):
        peer.reset() if at % 2 else peer.close()


@pytest.mark.parametrize("count", [300, 1000])
def test_slow_connections(server, phone, accounting, count):
    """Each says a byte of a request now and then, in its header or in its body. Meanwhile phones
    and the accounting system are served, those too that come anew, also from another address
    where this one has all its connections."""
    peers = []
    for at in range(count):
        peer = Peer(server)
        peer.say("GET /healthz HTTP/1.1\r\nX-Slow: " if at % 2 else
                 post("Content-Length: 1000\r\n", "/v1/app/documents"))
        peers.append(peer)
    for turn in range(5):
        for peer in peers[turn::5]:
            if peer.is_quiet():
                peer.say("1")
        is_served(phone)
        assert accounting.status()["receivedNo"] == accounting.sent_no
        assert server.line().call("GET", "/healthz").status == 204
    more = [Peer(server, secure=False) for _ in range(CONNECTIONS_PER_ADDRESS - count + 10)] \
        if count == 1000 else []
    with Peer(server, source="127.0.0.2") as other:
        other.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert other.status() == 204
    for peer in peers + more:
        peer.close()
    has_room_again(server)


# --- bodies


UNKNOWN_BODY_MAX = 64 * 1024


def bombs() -> dict[str, str]:
    """XML that grows, or is deep or wide; each within the limit of a body."""
    entities = "".join(f'<!ENTITY e{at} "{f"&e{at - 1};" * 10}">' for at in range(1, 10))
    doctype = f'<!DOCTYPE bomb [<!ENTITY e0 "{"x" * 100}">{entities}]>'
    attributes = " ".join(f'a{at}=""' for at in range(100_000))
    return {
        "entities": doctype + element("Enroll", "<Token>&e9;</Token>"),
        "outside": '<!DOCTYPE bomb [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
                   + element("Enroll", "<Token>&e;</Token>"),
        "depth": element("Enroll", "<a>" * 100_000 + "</a>" * 100_000),
        "open": f'<Enroll xmlns="{SPACE}">' + "<a>" * 200_000,
        "attributes": f'<Enroll xmlns="{SPACE}" {attributes}/>',
        "spaces": element("Enroll", "".join(f'<a xmlns:p{at}="u{at}"/>' for at in range(30_000))),
        "elements": element("Enroll", "<a/>" * 200_000),
        "name": f"<{'n' * 1_000_000}/>",
        "bytes": element("Enroll", "<Token>\x00\x01</Token>"),
        "nothing": "",
    }


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bomb", bombs())
def test_xml_bombs(server, form, bomb):
    """Of the accounting system; of somebody unknown a large body is not read at all."""
    path, body, headers = envelope(form, bombs()[bomb])
    wrong = ("bad_request", "too_large", "schema_invalid")
    unknown = ("unauthorized",) if len(body) > UNKNOWN_BODY_MAX else wrong
    for line, faults in ((server.accounting_line(), wrong), (server.line(), unknown)):
        answer = line.call("POST", path, body, headers)
        assert answer.headers["X-Sump-Fault"] in faults, answer.body
        assert answer.status in ((500,) if path == "/soap" else (400, 401, 413))
        assert b"root:" not in answer.body


@pytest.mark.parametrize("body", [
    b"[" * 500_000, b'{"a":' * 100_000, b'{"document":[' + b"{}," * 300_000 + b"{}]}",
    b"{" + b",".join(b'"k%d":1' % at for at in range(80_000)) + b"}",
    b'{"document":' + b"9" * 900_000 + b"}", b'{"document":"' + b"\\u0000" * 100_000 + b'"}',
    b'{"document":"\xff\xfe"}', b'{"document":"\\ud800"}', b"\x00" * 1000, b"null",
    b'{"document":',
], ids=["arrays", "objects", "values", "members", "number", "zeros", "bytes", "surrogate",
        "nothing", "null", "cut"])
def test_json_bombs(server, phone, body):
    """Of an app that was enrolled: to others no JSON is read at all."""
    for line, faults in ((phone.line, ("bad_request", "schema_invalid", "too_large")),
                         (server.line(), ("unauthorized",))):
        answer = line.call("POST", "/v1/app/documents", body,
                           {"Content-Type": "application/json"})
        assert answer.headers["X-Sump-Fault"] in faults, answer.body


def test_gzip_bombs(accounting):
    """A part that unpacks to far more than it is, once and in many members: the job fails, nothing
    of it is seen, the number is still free."""
    full = gzip.compress(b"\n" * (64 * 1024 * 1024), 9)
    members = gzip.compress(b"\n" * 1024 * 1024, 9) * 200
    for data in (full, members, full[:1000], b"\x1f\x8b" + b"\x00" * 1000):
        job = accounting.carry(str(uuid.uuid4()), accounting.sent_no + 1, data)
        assert job["state"] == "failed", job
        assert job["error"][0]["code"] in ("too_large", "bad_request", "schema_invalid")
    assert accounting.status()["receivedNo"] == accounting.sent_no


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("data", ["!!!!", "YQ", "YQ=", "=", "Y=Q=", "YWJj" * 10 + "Я"])
def test_base64_that_is_none(server, accounting, form, data):
    inside = element("PutPart", f"<MessageId>{UUID}</MessageId><PartNo>1</PartNo>"
                                f"<Sha256>{'0' * 64}</Sha256><Data>{data}</Data>")
    path, body, headers = envelope(form, inside)
    answer = accounting.line.call("POST", path, body, headers)
    assert answer.headers["X-Sump-Fault"] == "schema_invalid"
    assert b"<Field>Data</Field>" in answer.body
    answer = server.line(f"Basic {data}".encode("utf-8").decode("latin-1")).call(
        "GET", f"/v1/erp/status?node={NODE}")
    assert answer.headers["X-Sump-Fault"] == "unauthorized"


# --- without login


def test_every_path_without_login(server):
    """In every method, with no login and with ones that are nobody's. What brings its own secret
    along is asked with one that nobody has."""
    strangers = [server.line(), server.line("Bearer ts-" + "a" * 52),
                 server.line("Bearer td-" + "a" * 52), server.line("Negotiate x")]
    known = paths()
    assert {operation for operation, _, _ in known} == set(operations())
    for operation, method, path in known:
        record = lowered(OWN_SECRET.get(operation, {}))
        for stranger in strangers:
            with pytest.raises(Refused) as refused:
                stranger.ask(method, path, record)
            assert refused.value.status == 401, (operation, method, path)
    for path in {path for _, _, path in known} | {"/v1/", "/v1/erp", "/v1/nothing"}:
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            status = strangers[0].call(method, path, b"{}").status
            assert status == 401 or (status == 400 and (method, path) in secret_paths()), path


def test_every_path_of_devices_without_token(server, phone):
    """To web tills; a phone's key is none of their tokens."""
    known = paths(DEVICES)
    assert len(known) > 20
    for stranger in (server.line(), server.line("Bearer tw-" + "a" * 52),
                     server.line(f"Bearer {phone.key}"), server.line("Basic ZXJwOng=")):
        for _, method, path in known:
            answer = stranger.call(method, path, b"{}")
            assert answer.status == 401, (method, path, answer.body)


def secret_paths() -> set[tuple[str, str]]:
    return {(method, path) for operation, method, path in paths() if operation in OWN_SECRET}


@pytest.mark.parametrize("form", FORMS)
def test_every_operation_without_login(server, form):
    """With all that the schema calls for or nothing at all; also one that there is not."""
    line = server.line()

    def fault_of(operation: str, inside: str) -> str:
        path, body, headers = envelope(form, element(operation, inside))
        return line.call("POST", path, body, headers).headers["X-Sump-Fault"]

    names = operations()
    assert len(names) > 20 and set(OWN_SECRET) <= set(names)
    for name in names:
        filled = "".join(f"<{field}>{value}</{field}>"
                         for field, value in OWN_SECRET.get(name, {}).items())
        assert fault_of(name, filled) == "unauthorized", name
        stranger = f"<Session>ts-{'a' * 52}</Session>"
        if name not in OWN_SECRET:
            assert fault_of(name, stranger) == "session_expired", name
    assert fault_of("Nothing", "") == "unauthorized"


def test_what_is_open_to_everybody(server):
    """Schemas and the sign of life, and nothing besides."""
    line = server.line()
    for path in ("/soap?wsdl", "/xsd", "/xsd/data", "/openapi.json", "/devices/openapi.json",
                 "/healthz"):
        assert line.call("GET", path).status in (200, 204)
        assert line.call("DELETE", path).status in (401, 404, 405)
    for path in ("/", "/admin", "/sumpd.db", "/xsd/../sumpd.db", "/a/b", "/metrics", "/soap/x"):
        assert line.call("GET", path).status in (400, 404), path


def test_what_guesses_is_told_to_wait(server, accounting):
    """Who guesses the accounting system's password; it is served meanwhile."""
    statuses = [server.line("Basic ZXJwOndyb25n").call("GET", f"/v1/erp/status?node={NODE}").status
                for _ in range(20)]
    assert statuses[0] == 401 and statuses[-1] == 429
    assert accounting.status()["receivedNo"] == accounting.sent_no
