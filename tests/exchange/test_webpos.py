"""Claim: a page in a browser uses the shop's devices through sumpd: its receipt is printed exactly
once, whatever answer is lost and whoever is killed; pages of foreign origins and requests without a
token get nothing; events go on behind a kill. Shown with the programs as they are shipped; what a
browser would send is sent by hand."""
from __future__ import annotations

import http.client
import json
import random
import re
import ssl
import subprocess
import threading
import time

import pytest
from counter import Counter
from shop import ANSWER_MAX, PROGRAMS, Line, Lost, Server
from test_devices import command_id, receipt, totals

ORIGIN = "https://pos.example"
PATIENCE = 120.0  # seconds
FINAL = ("done", "failed", "cancelled", "expired", "never_accepted")


@pytest.fixture(name="counter")
def _counter():
    counter = Counter(terminal=True)
    yield counter
    counter.close()


@pytest.fixture(name="server")
def _server(tmp_path, counter):
    server = Server(tmp_path / "sumpd", f'[[devices]]\nendpoint = "{counter.endpoint}"\n').start()
    yield server
    assert server.stop() == 0, server.log.read_text()


def web_token(server: Server, name: str, *more: str, origin: str = ORIGIN) -> str:
    """Made beside the running server, as an administrator does."""
    made = subprocess.run([PROGRAMS / "sumpd", "--config", server.config, "--web-token", origin,
                           "--name", name, *more], env=server._environment(), check=True,
                          capture_output=True, text=True, timeout=60)
    return made.stdout.strip()


class Till:
    """A page with a token."""

    def __init__(self, server: Server, name: str = "till-1", *more: str) -> None:
        self.server = server
        self.token = web_token(server, name, *more)
        self.line = server.line(f"Bearer {self.token}")

    def ask(self, method: str, path: str, body: dict | None = None):
        """Status and JSON; Lost if no answer came."""
        sent = None if body is None else json.dumps(body).encode()
        answer = self.line.call(method, path, sent, {"Origin": ORIGIN})
        return answer.status, json.loads(answer.body)

    def insist(self, method: str, path: str, body: dict | None = None) -> dict:
        """Until it is answered otherwise than "I do not know" or "later"."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                status, told = self.ask(method, path, body)
            except Lost:
                status, told = 504, {}
            if status not in (503, 504, 429):
                assert status == 200, (status, told)
                return told
            assert time.monotonic() < end, told
            time.sleep(0.05)

    def sell(self, name: str, price: int, device: str = "kassa") -> dict:
        return self.insist("PUT", f"/v1/operations/{name}",
                           {"device": device, "command": {"receipt": receipt(price)}})

    def outcome(self, name: str) -> dict:
        end = time.monotonic() + PATIENCE
        while True:
            told = self.insist("GET", f"/v1/operations/{name}?waitMs=2000&device=kassa")
            if told["state"] in FINAL:
                return told
            assert time.monotonic() < end, told


@pytest.fixture(name="till")
def _till(server):
    return Till(server)


class Stream:
    """text/event-stream as a browser reads it, in a thread of its own."""

    def __init__(self, server: Server, token: str, topics: str, last: str = "") -> None:
        context = ssl.create_default_context(cafile=str(server.certificate()))
        self._line = http.client.HTTPSConnection("localhost", server.port, context=context,
                                                 timeout=ANSWER_MAX)
        headers = {"Authorization": f"Bearer {token}", "Origin": ORIGIN,
                   "Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        self._line.request("GET", f"/v1/events?topics={topics}", headers=headers)
        self.response = self._line.getresponse()
        assert self.response.status == 200, self.response.read()
        assert self.response.headers["Content-Type"] == "text/event-stream"
        self.events: list[dict] = []
        self.comments = 0
        self.last = last
        self.over = False
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        event: dict = {}
        try:
            while line := self.response.readline():
                text = line.decode().rstrip("\n")
                name, _, value = text.partition(": ")
                if text == ":":
                    self.comments += 1
                elif text:
                    event[name] = value
                elif event:
                    self.last = event.get("id", self.last)
                    self.events.append({"event": event.get("event"), "id": event.get("id"),
                                        "data": json.loads(event["data"])})
                    event = {}
        except (OSError, http.client.HTTPException):
            pass
        except (AttributeError, ValueError):
            pass  # close() meanwhile, which the library does not expect
        self.over = True

    def wait(self, what) -> None:
        end = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < end, self.events
            time.sleep(0.01)

    def close(self) -> None:
        self._line.close()
        self._thread.join()

    def sums(self) -> list:
        """Operations that are done, by their id."""
        return [one["data"]["body"]["operation"]["operation_id"] for one in self.events
                if one["event"] == "operation"
                and one["data"]["body"]["operation"]["state"] == "done"]


def test_a_receipt_and_a_card(till, counter):
    status, told = till.ask("GET", "/v1/devices")
    assert status == 200 and {"kassa", "pos"} == {one["device"] for one in told["devices"]}
    assert till.ask("GET", "/v1/devices/kassa")[1]["driver"] == "fiscal/toy"
    name = command_id()
    till.sell(name, 12_000)
    told = till.outcome(name)
    assert told["state"] == "done" and told["result"]["fiscal"]["registered"], told
    again = till.sell(name, 12_000)
    assert again["state"] == "done" and again["repeat"]
    status, told = till.ask("PUT", f"/v1/operations/{name}",
                            {"device": "kassa", "command": {"receipt": receipt(13_000)}})
    assert status == 409 and told["error"]["code"] == "conflict", told
    assert till.ask("POST", f"/v1/operations/{name}/acknowledge")[0] == 200
    assert totals(counter) == [12_000]
    card = command_id()
    till.insist("PUT", f"/v1/operations/{card}", {
        "device": "pos", "command": {"authorise": {"amount_minor": 12_000, "currency": "EUR"}}})
    told = till.insist("GET", f"/v1/operations/{card}?waitMs=20000")
    assert told["state"] == "done" and told["result"]["payment"], told
    listed = till.ask("GET", "/v1/operations?device=kassa&limit=5")[1]["operations"]
    assert [one["operation_id"] for one in listed] == [name]


def test_an_answer_that_is_lost(till, counter):
    """The request goes out, the connection is closed before its answer; the till asks again."""
    for price in range(100, 108):
        name = command_id()
        body = json.dumps({"device": "kassa", "command": {"receipt": receipt(price)}}).encode()
        context = ssl.create_default_context(cafile=str(till.server.certificate()))
        cut = http.client.HTTPSConnection("localhost", till.server.port, context=context)
        cut.request("PUT", f"/v1/operations/{name}", body,
                    {"Authorization": f"Bearer {till.token}"})
        cut.close()
        till.sell(name, price)
        assert till.outcome(name)["state"] == "done"
        till.insist("POST", f"/v1/operations/{name}/acknowledge", {})
    assert totals(counter) == list(range(100, 108))


@pytest.mark.parametrize("seed", [1, 2])
def test_kills(till, server, counter, seed):
    chance = random.Random(seed)
    told = {}
    for number in range(8):
        name, price = command_id(), 10_000 + number
        till.sell(name, price)
        victim = chance.randrange(3)
        time.sleep(chance.random() * 0.08)
        if victim != 1:
            server.kill()
        if victim != 0:
            counter.kill_devd()
            counter.start_devd()
        if victim != 1:
            server.start()
        till.sell(name, price)
        told[price] = till.outcome(name)["state"]
    assert totals(counter) == sorted(price for price, state in told.items() if state == "done")
    assert list(told.values()).count("done") >= 6, "kills may not make most of them fail"


def test_while_devd_is_away(till, counter):
    counter.kill_devd()
    status, told = till.ask("GET", "/v1/devices")
    assert status in (503, 504) and told["error"]["reaction"] in ("reconnect", "ask_operator"), told
    counter.start_devd()
    till.insist("GET", "/v1/devices")


def test_nothing_without_a_token(server, till):
    """Every path of the page that is served."""
    line = server.line()
    page = json.loads(line.call("GET", "/devices/openapi.json").body)
    asked = 0
    for path, methods in page["paths"].items():
        for method in methods:
            for given in (line, server.line("Bearer tw-wrong"), server.accounting_line()):
                answer = given.call(method.upper(), path.replace("{", "").replace("}", ""),
                                    b"{}" if method != "get" else None)
                assert answer.status == 401, (method, path, answer.status)
                asked += 1
    assert asked > 60
    # Nor does a web till's token open the doors of others.
    for path in ("/v1/app/devices", "/v1/erp/test"):
        assert till.line.call("GET", path).status in (401, 404)


def test_the_page_of_all_requests_is_whole(server):
    text = server.line().call("GET", "/devices/openapi.json").body.decode()
    page = json.loads(text)
    for name in set(re.findall(r'"\$ref": "#/([^"]*)"', text)):
        at = page
        for part in name.split("/"):
            at = at[part]
    names = [one["operationId"] for path in page["paths"].values() for one in path.values()]
    assert len(names) == len(set(names)) and {"submit", "operation", "events"} <= set(names)
    assert "session" not in text.split('"schemas"')[0], "it is filled in here"


def preflight(server: Server, origin: str, path: str = "/v1/operations/x"):
    return server.line().call("OPTIONS", path, None, {
        "Origin": origin, "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,content-type",
        "Access-Control-Request-Private-Network": "true"})


def test_pages_of_other_origins(server, till):
    answer = preflight(server, ORIGIN)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert "Origin" in answer.headers["Vary"]
    assert answer.headers["Access-Control-Allow-Credentials"] is None
    for origin in ("https://evil.example", "null", "*", ORIGIN + ".evil", ORIGIN + ":444"):
        answer = preflight(server, origin)
        assert answer.status == 403 and answer.headers["Access-Control-Allow-Origin"] is None
        answer = till.line.call("GET", "/v1/devices", None, {"Origin": origin})
        assert answer.status == 403 and answer.headers["Access-Control-Allow-Origin"] is None
        assert "Origin" in json.loads(answer.body)["error"]["text"]
    answer = till.line.call("GET", "/v1/devices", None, {"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Vary"] == "Origin"


def test_a_token_is_its_role_and_its_devices(server, till):
    eye = Till(server, "eye", "--role", "observer", "--devices", "pos")
    listed = eye.ask("GET", "/v1/devices")[1]["devices"]
    assert [one["device"] for one in listed] == ["pos"]
    assert eye.ask("GET", "/v1/devices/kassa")[0] == 403
    status, told = eye.ask("PUT", f"/v1/operations/{command_id()}",
                           {"device": "pos", "command": {"receipt": receipt(1)}})
    assert status == 403 and "cashier" in told["error"]["text"]
    status, told = till.ask("PUT", f"/v1/operations/{command_id()}", {
        "device": "kassa", "command": {"set_clock": {"local_time": "2026-11-27T10:00:00"}}})
    assert status == 403 and "operator" in told["error"]["text"], told
    # The same name anew ends the former token; so does a revocation, at once.
    former = eye.line
    eye = Till(server, "eye", "--role", "observer")
    assert former.call("GET", "/v1/devices").status == 401
    assert eye.ask("GET", "/v1/devices/kassa")[0] == 200
    subprocess.run([PROGRAMS / "sumpd", "--config", server.config, "--web-revoke", "eye"],
                   env=server._environment(), check=True, timeout=60)
    assert eye.line.call("GET", "/v1/devices").status == 401


def test_a_refused_command_line(server):
    for words in (["--web-token", "*", "--name", "x"], ["--web-token", ORIGIN, "--name", "X!"],
                  ["--web-token", ORIGIN, "--name", "x", "--role", "boss"]):
        made = subprocess.run([PROGRAMS / "sumpd", "--config", server.config, *words],
                              env=server._environment(), capture_output=True, text=True, timeout=60)
        assert made.returncode == 1 and "tw-" not in made.stdout, made


def test_wrong_fields_are_named(till):
    status, told = till.ask("PUT", f"/v1/operations/{command_id()}", {
        "device": "kassa", "command": {"receipt": {**receipt(), "lines": [{"name": "x"}]}}})
    assert status == 400 and "lines[0].price_minor" in told["error"]["text"], told
    status, told = till.ask("PUT", "/v1/operations/7", {"device": "kassa", "command": {}})
    assert status == 400 and "operation_id" in told["error"]["text"], told
    assert till.ask("GET", f"/v1/operations/{command_id()}")[0] == 404


def test_events_that_are_waited_for(till):
    status, told = till.ask("GET", "/v1/events?topics=operation/kassa,alarms")
    assert status == 200 and told["events"] == []
    after, name, seen = told["after"], command_id(), []
    till.sell(name, 500)
    end = time.monotonic() + PATIENCE
    while not any(one["body"]["operation"]["state"] == "done" for one in seen):
        assert time.monotonic() < end, seen
        told = till.insist(
            "GET", f"/v1/events?topics=operation/kassa,alarms&after={after}&waitMs=2000")
        after = told["after"]
        seen += told["events"]
    assert {one["body"]["operation"]["operation_id"] for one in seen} == {name}
    assert [one["seq"] for one in seen] == sorted({one["seq"] for one in seen})
    status, told = till.ask("GET", "/v1/events?topics=device/none")
    assert status == 404 and told["error"]["code"] == "unknown_device"
    status, told = till.ask("GET", "/v1/events?topics=alarms&after=7")
    assert status == 400 and "after" in told["error"]["text"]


def test_a_stream_goes_on_behind_a_kill(till, server):
    """What happened while sumpd was not there comes once the stream is open again, in its place."""
    stream = Stream(server, till.token, "operation/kassa")
    stream.wait(lambda: stream.events)
    assert stream.events[0]["event"] == "open"
    names = [command_id() for _ in range(3)]
    till.sell(names[0], 700)
    stream.wait(lambda: names[0] in stream.sums())
    till.sell(names[1], 701)
    server.kill()
    stream.wait(lambda: stream.over)
    stream.close()
    server.start()
    till.sell(names[1], 701)
    till.outcome(names[1])
    till.sell(names[2], 702)
    till.outcome(names[2])
    second = Stream(server, till.token, "operation/kassa", stream.last)
    second.wait(lambda: names[2] in second.sums())
    second.close()
    assert stream.sums() + second.sums() == names
    places = [one["id"] for one in stream.events + second.events if one["event"] == "operation"]
    assert len(places) == len(set(places)), "an event came twice"


def test_a_stream_tells_that_devd_began_anew(till, server, counter):
    stream = Stream(server, till.token, "operation/kassa")
    stream.wait(lambda: stream.events)
    counter.kill_devd()
    counter.start_devd()
    name = command_id()
    till.sell(name, 800)
    stream.wait(lambda: name in stream.sums())
    assert any(one["event"] == "gap" and one["data"]["body"]["gap"]["restarted"]
               for one in stream.events), stream.events
    stream.close()


def test_a_stream_ends_with_its_token_and_the_server_with_its_streams(till, server):
    stream = Stream(server, till.token, "devices")
    other = Till(server, "till-2")
    kept = Stream(server, other.token, "devices")
    web_token(server, "till-1")
    stream.wait(lambda: stream.over)
    stream.close()
    assert not kept.over
    assert server.stop() == 0
    kept.wait(lambda: kept.over)
    kept.close()


def test_a_token_has_few_streams(till, server):
    streams = [Stream(server, till.token, "devices") for _ in range(4)]
    answer = till.line.call("GET", "/v1/events?topics=devices", None,
                            {"Accept": "text/event-stream"})
    assert answer.status == 503 and answer.headers["Retry-After"]
    for one in streams:
        one.close()
    end = time.monotonic() + PATIENCE
    while True:
        assert time.monotonic() < end
        try:
            Stream(server, till.token, "devices").close()
            break
        except AssertionError:
            time.sleep(0.05)


def test_secrets_are_nowhere(till, server):
    till.ask("GET", "/v1/devices")
    assert till.token not in server.log.read_text()
    for path in (server.state / "sumpd").rglob("*"):
        if path.is_file():
            assert till.token.encode() not in path.read_bytes(), path
    assert isinstance(till.line, Line)
