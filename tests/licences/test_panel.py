"""The administrator's panel of a real licd, by HTTPS.

Claim: from the one-time token to a licence in use all goes by forms, without script; nobody gets
in without the password, and a restart of licd keeps it.
Shown: the pages asked for as a browser does, with its cookies and hidden fields.
"""
from __future__ import annotations

import html
import http.client
import io
import re
import socket
import ssl
import subprocess
import tarfile
import urllib.parse

import pytest
from shop import PROGRAMS, Server, Vendor

from tillhost.licences import Licences

PASSWORD = "correct horse battery"
PANEL = 3  # LicenceSettingSource
SERIAL = "3000-0000-0001"


class Browser:
    """Keeps cookies, follows where it is sent, fills in the hidden field of forms."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._context = ssl._create_unverified_context()  # noqa: S323: its own certificate
        self._cookie = ""
        self.page = ""
        self.path = ""

    def ask(self, method: str, path: str, form: dict | None = None) -> int:
        connection = http.client.HTTPSConnection("localhost", self._port, timeout=30,
                                                 context=self._context)
        headers = {"Cookie": self._cookie} if self._cookie else {}
        body = None
        if form is not None:
            found = re.search(r'name="csrf" value="([^"]+)"', self.page)
            body = urllib.parse.urlencode({**form, "csrf": found[1] if found else ""})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if set_cookie := answer.getheader("Set-Cookie"):
            self._cookie = set_cookie.split(";")[0]
        connection.close()
        if answer.status == 303:
            return self.ask("GET", answer.getheader("Location"))
        self.page, self.path = html.unescape(text), path
        return answer.status

    def get(self, path: str) -> str:
        assert self.ask("GET", path) == 200, self.page
        return self.page

    def post(self, path: str, **form) -> str:
        assert self.ask("POST", path, form) == 200, self.page
        return self.page


@pytest.fixture(scope="module")
def vendor(tmp_path_factory):
    return Vendor(tmp_path_factory.mktemp("vendor"))


@pytest.fixture
def port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def server(tmp_path, vendor, port):
    made = Server(tmp_path / "licd", [vendor.root], f'[[web]]\nport = "{port}"\n')
    yield made
    if made.process.poll() is None:
        made.kill()


def set_up(server: Server, browser: Browser) -> None:
    token = (server.state / "licd" / "web-token").read_text().strip()
    assert "One-time token" in browser.get("/login")
    browser.post("/set-up", token=token, user="ann", password=PASSWORD, again=PASSWORD)
    assert browser.path == "/connections"


def test_from_the_token_to_a_licence_in_use(vendor, server, port):
    browser = Browser(port)
    set_up(server, browser)
    key, pins = vendor.key("name=till.base count=2 mode=instance", serial=SERIAL)
    browser.get("/functions")
    assert f"key {SERIAL}" in browser.post("/functions/load", text=key)
    assert "not activated" in browser.get("/keys")
    browser.get(f"/keys/{SERIAL}")
    page = browser.post(f"/keys/{SERIAL}/activate", pin=pins[0])
    request = re.search(r"<textarea id=\"request\"[^>]*>(.*?)</textarea>", page, re.S)[1]
    browser.get("/functions")
    browser.post("/functions/load", text=vendor.answer(request))
    assert "in order" in browser.get("/keys")
    with Licences("till", local_endpoint=server.endpoint) as till:
        lease = till.acquire("till.base")
        assert "till.base" in browser.get("/connections")
        assert f"Licence {lease.number} is taken away" in browser.post("/connections/release",
                                                                       number=lease.number)
        till.beat()
        assert server.used("till.base", SERIAL) == 0
    browser.get(f"/keys/{SERIAL}")
    browser.post(f"/keys/{SERIAL}/set")  # without its tick: not to be used
    assert not server.key(SERIAL).get("enabled", False)


def test_what_is_wrong_is_said_and_nothing_is_done(vendor, server, port):
    browser = Browser(port)
    set_up(server, browser)
    browser.get("/functions")
    page = browser.post("/functions/load", text="-----LICD KEY 1-----\nhello")
    assert "Refused" in page and 'role="alert"' in page
    assert "tick was not set" in browser.post("/functions/release-all")
    assert server.ask("licence_keys", {}).get("keys", []) == []


def test_the_password_outlives_licd_and_root_takes_it_away(server, port):
    browser = Browser(port)
    set_up(server, browser)
    server.kill()
    server.start()
    assert "Sign in" in browser.get("/connections")  # a restart signs everybody out
    assert "is wrong" in browser.post("/login", user="ann", password="guess")
    browser.post("/login", user="ann", password=PASSWORD)
    assert browser.path == "/connections"
    server.kill()
    environment = {"TILLHOST_STATE_DIR": str(server.state)}
    subprocess.run([PROGRAMS / "licd", "--reset-web-login"], env=environment, check=True)
    server.start()
    assert "One-time token" in browser.get("/login")


def test_settings_acts_and_logs(vendor, server, port):
    browser = Browser(port)
    set_up(server, browser)
    serial = "3000-0000-0002"
    key, pins = vendor.key("name=till.base count=2 mode=instance", serial=serial)
    server.load(key)
    browser.get(f"/keys/{serial}")
    browser.post(f"/keys/{serial}/activate", pin=pins[0])
    browser.post(f"/keys/{serial}/set", enabled="yes", code="hush-hush")
    browser.get("/settings")
    page = browser.post("/settings/change", **{"set.times.lease_s": "900",
                                               "was.times.lease_s": "600",
                                               "set.web.port": "1", "was.web.port": str(port)})
    assert "The settings are changed" in page and "next start of licd" in page
    page = browser.post("/settings/change", **{"set.times.killed_s": "800"})
    assert "Not taken" in page and server.setting("times.killed_s")["value"] == "1800"
    browser.post("/sign-out")
    browser.post("/login", user="ann", password="guess")
    browser.post("/login", user="ann", password=PASSWORD)
    page = browser.get("/functions/acts")
    assert "panel:ann" in page and "times.lease_s" in page and "root" in page
    acts = [(one["act"], one["who"], one["what"]) for one in
            server.ask("licence_acts", {})["acts"] if one["what"].startswith("from ")]
    assert acts == [(act, "panel:ann", "from 127.0.0.1")
                    for act in ("sign_in", "sign_out", "set_up")]
    assert "signed out" in page and "login made" in page
    logs = server.ask("pack_licence_logs", {})
    archive = tarfile.open(fileobj=io.BytesIO(logs["content"]))
    packed = {one.name: archive.extractfile(one).read().decode() for one in archive}
    assert set(packed) == {"version.txt", "settings.txt", "keys.txt", "acts.txt", "log.txt"}
    assert 'times.lease_s = "900"' in packed["settings.txt"]
    assert serial in packed["keys.txt"] and "panel:ann" in packed["acts.txt"]
    assert "starting" in packed["log.txt"]
    traits = [value for one in server.ask("licence_traits", {})["traits"]
              for value in one.get("values", [])]
    for secret in ["hush-hush", PASSWORD, *pins, *traits]:
        assert not any(secret in text for text in packed.values()), secret
    server.stop()
    server.start()
    assert server.setting("times.lease_s")["value"] == "900"
    assert server.setting("times.lease_s")["source"] == PANEL
    assert "panel:ann" in str(server.ask("licence_acts", {}))


def test_a_damaged_settings_file_does_not_keep_licd_from_lending(server, port):
    server.stop()
    settings = server.state / "licd" / "settings.toml"
    settings.write_text("[[times]]\nlease_s = \"1\"\n")
    server.start()
    assert "settings.toml is not used" in server.log.read_text()
    assert server.setting("times.lease_s")["value"] == "600"
    assert settings.read_text() == "[[times]]\nlease_s = \"1\"\n"
    browser = Browser(port)
    set_up(server, browser)
    browser.get("/settings/defaults")
    browser.post("/settings/defaults", sure="yes")
    assert "lease_s" in settings.with_name("settings.toml.damaged").read_text()


def test_a_foreign_name_shows_nothing(server, port):
    context = ssl._create_unverified_context()  # noqa: S323
    connection = http.client.HTTPSConnection("localhost", port, timeout=30, context=context)
    connection.request("GET", "/login", headers={"Host": f"evil.example:{port}"})
    assert connection.getresponse().status == 421


def test_a_port_that_is_taken_is_said_and_licences_are_lent(tmp_path, vendor, server, port):
    second = Server(tmp_path / "second", [vendor.root], f'[[web]]\nport = "{port}"\n')
    try:
        assert "the panel is not served" in second.log.read_text()
        assert str(port) in second.log.read_text()
        assert second.ask("licence_keys", {}).get("keys", []) == []
    finally:
        second.kill()
