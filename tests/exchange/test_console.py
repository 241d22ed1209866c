"""Claim: the console is its administrator's alone: no page without a login, no form of another's
page, a foreign Host nowhere; wrong tries lock it; what was set there holds after a restart, before
the file and beside it. Shown with the program as it is shipped, by plain HTTPS."""
from __future__ import annotations

import http.client
import html
import re
import socket
import ssl
import time
import urllib.parse

import pytest
from shop import Server, free_port

PASSWORD = "correct horse battery"
PATIENCE = 30.0  # seconds
LOCKED_AFTER = 5  # wrong tries


class Browser:
    """Keeps one cookie and the token of the forms, as a browser does."""

    def __init__(self, server: Server, port: int) -> None:
        self.server = server
        self.port = port
        self.cookie = ""
        self.csrf = ""

    def wait(self) -> "Browser":
        """The console listens a moment after the exchange."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("localhost", self.port)).close()
                return self
            except OSError:
                assert time.monotonic() < end, self.server.log.read_text()
                time.sleep(0.02)

    def call(self, method: str, path: str, fields: dict | None = None,
             headers: dict | None = None) -> tuple[int, str, http.client.HTTPMessage]:
        certificate = self.server.state / "sumpd" / "console.crt"
        context = ssl.create_default_context(cafile=str(certificate))
        line = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=60)
        sent = dict(headers or {})
        if self.cookie:
            sent["Cookie"] = self.cookie
        body = None
        if fields is not None:
            body = urllib.parse.urlencode({**fields, "csrf": self.csrf})
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        line.request(method, path, body, sent)
        answer = line.getresponse()
        text = answer.read().decode()
        line.close()
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        if found := re.search(r'name="csrf" value="([^"]*)"', text):
            self.csrf = html.unescape(found.group(1))
        return answer.status, text, answer.headers

    def get(self, path: str) -> str:
        status, text, _ = self.call("GET", path)
        assert status == 200, (path, status, text)
        return text

    def set_up(self) -> None:
        token = (self.server.state / "sumpd" / "web-token").read_text().strip()
        status, text, _ = self.call("POST", "/set-up", {
            "token": token, "user": "ann", "password": PASSWORD, "again": PASSWORD})
        assert status == 303, text
        self.get("/settings/general")

    def sign_in(self, password: str = PASSWORD) -> bool:
        self.cookie = self.csrf = ""
        status, _, _ = self.call("POST", "/login", {"user": "ann", "password": password})
        if status == 303:
            self.get("/settings/general")
        return status == 303


@pytest.fixture(name="browser")
def _browser(tmp_path):
    port = free_port()
    server = Server(tmp_path / "sumpd", f'[[console]]\nport = "{port}"\n').start()
    yield Browser(server, port).wait()
    assert server.stop() == 0, server.log.read_text()


def test_a_stranger_sees_nothing(browser):
    for path in ("/", "/settings", "/settings/general", "/users", "/roles", "/apps", "/registrars",
                 "/terminals", "/no/such/page"):
        status, text, headers = browser.call("GET", path)
        assert (status, headers["Location"]) == (303, "/login"), path
        assert "Shop of the test" not in text
    assert browser.call("POST", "/apps/invite", {"name": "x"})[0] == 403
    assert browser.call("GET", "/login", headers={"Host": "evil.example"})[0] == 421
    assert browser.call("GET", "/login", headers={"Host": f"localhost:{browser.port}"})[0] == 200


def test_a_form_from_elsewhere_is_refused(browser):
    browser.set_up()
    good = {"at": "/settings/general", "set.name": "Other", "was.name": "Shop of the test"}
    right, browser.csrf = browser.csrf, "guessed"
    assert browser.call("POST", "/settings/change", good)[0] == 403
    browser.csrf = right
    foreign = {"Origin": "https://evil.example"}
    assert browser.call("POST", "/settings/change", good, foreign)[0] == 403
    assert "Set here" not in browser.get("/settings/general")


def test_wrong_passwords_lock_it(browser):
    browser.set_up()
    for _ in range(LOCKED_AFTER):
        assert not browser.sign_in("wrong password")
    assert not browser.sign_in(), "locked: the right one is not looked at"
    log = browser.server.log.read_text()
    assert "web login refused" in log and "wrong password" not in log


def test_what_is_set_holds_after_a_restart(browser):
    browser.set_up()
    status, text, _ = browser.call("POST", "/settings/change", {
        "at": "/settings/general", "set.packet_bytes": "12", "was.packet_bytes": "1048576"})
    assert status == 200 and "aria-invalid" in text
    assert browser.call("POST", "/settings/change", {
        "at": "/settings/general", "set.name": "Shop 13", "was.name": "Shop of the test",
        "set.devices.registrar": "kassa", "was.devices.registrar": ""})[0] == 303
    assert "Holds from the next start" in browser.get("/settings/general")
    file = browser.server.config / "sumpd.toml"
    before = file.read_bytes()
    assert browser.server.stop() == 0
    browser.server.start()
    browser.wait()
    assert browser.sign_in()
    page = browser.get("/settings/general")
    assert 'value="Shop 13"' in page and 'value="kassa"' in page
    assert "Holds from the next start" not in page
    assert browser.server.invite()["n"] == "Shop 13"
    assert file.read_bytes() == before, "the administrator's file is not touched"
    assert browser.call("POST", "/settings/defaults", {"sure": "yes"})[0] == 303
    assert 'value="Shop of the test"' in browser.get("/settings/general")
    acts = browser.get("/settings/audit")
    assert "setting.change" in acts and "ann" in acts


def test_the_addresses_are_tried_as_an_app_would(browser):
    browser.set_up()
    status, page, _ = browser.call("POST", "/settings/addresses/try", {})
    assert status == 200
    assert page.count("answers (200, ") == 3, page  # WSDL, XSD and OpenAPI need no login


def test_the_accounting_system_is_handed_over(browser):
    browser.set_up()
    assert "central" in browser.get("/settings/exchange")
    wanted = {"code": "branch", "again": "yes", "word": "no"}
    assert browser.call("POST", "/settings/exchange/hand-over", wanted)[0] == 200
    wanted["word"] = "central"
    assert browser.call("POST", "/settings/exchange/hand-over", wanted)[0] == 303
    assert "branch" in browser.get("/settings/exchange")


def test_the_console_can_be_switched_off(tmp_path):
    port = free_port()
    server = Server(tmp_path / "sumpd",
                    f'[[console]]\non = "no"\nport = "{port}"\n').start()
    with pytest.raises(OSError):
        http.client.HTTPSConnection("localhost", port, timeout=5).connect()
    assert server.stop() == 0
