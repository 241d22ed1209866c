"""The administrator's panel of a real licd in chromium.

Claim: every page can be used by everybody: in three languages, on a wide and a narrow window,
with the keyboard alone, with script switched off; axe-core finds no barrier and no page is wider
than its window.
Shown: with a key and a lease, by what licd says afterwards; pictures are kept for people.
"""
from __future__ import annotations

import socket

import pytest
from browser import Person, chromium
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from shop import Server, Vendor

from tillhost.licences import Licences

PASSWORD = "correct horse battery"
SERIAL = "4410-0093-7721"
WIDTHS = (1280, 390)
LANGUAGES = ("en", "ru", "pl")
PAGES = {"connections": "/connections", "keys": "/keys", "key": f"/keys/{SERIAL}",
         "functions": "/functions", "acts": "/functions/acts", "settings": "/settings",
         "defaults": "/settings/defaults"}


class Shop:
    """licd with a key, and its panel's port."""

    pictures = ""

    def __init__(self, folder) -> None:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        vendor = Vendor(folder)
        self.server = Server(folder / "licd", [vendor.root], f'[[web]]\nport = "{self.port}"\n')
        self.server.activate(vendor, "name=till.base count=3 mode=instance", serial=SERIAL)

    @property
    def token(self) -> str:
        return (self.server.state / "licd" / "web-token").read_text().strip()

    @property
    def is_enabled(self) -> bool:
        return self.server.key(SERIAL).get("enabled", False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Shop(tmp_path_factory.mktemp("shop"))
    yield made
    made.server.kill()


def fill_in(person: Person, setting: str, value: str, path: str) -> None:
    person.find(f"[id='set.{setting}']").click()
    person.type_over(value)
    person.enter(path)


def test_the_first_pages_have_no_barrier(shop, person, axe):
    wrong = []
    for language in LANGUAGES:
        person.speak(language)
        person.go("/login")
        wrong += person.look(axe, "set-up", language, WIDTHS)
    person.find("[name=token]").send_keys(shop.token)
    person.find("[name=user]").send_keys("ann")
    person.find("[name=password]").send_keys(PASSWORD)
    person.find("[name=again]").click()
    person.enter("/connections", PASSWORD)
    person.click("form[action='/sign-out'] button", "/login")
    for language in LANGUAGES:
        person.speak(language)
        person.go("/login")
        wrong += person.look(axe, "login", language, WIDTHS)
    assert not wrong, "\n".join(wrong)


def test_no_page_has_a_barrier_or_is_too_wide(shop, person, axe):
    wrong = []
    person.speak("en")
    person.sign_in("ann", PASSWORD, "/connections")
    with Licences("till", local_endpoint=shop.server.endpoint) as till:
        till.acquire("till.base")
        for language in LANGUAGES:
            person.be_wide(WIDTHS[0])
            person.click(f"button[name=language][value={language}]", "/connections")
            for name, path in PAGES.items():
                person.go(path)
                wrong += person.look(axe, name, language, WIDTHS)
            person.go("/keys/no-such-key")
            wrong += person.look(axe, "missing", language, WIDTHS)
            person.go("/settings")
            fill_in(person, "times.beat_s", "299", "/settings")
            fill_in(person, "times.lease_s", "500", "/settings/change")
            wrong += person.look(axe, "settings-refused", language, WIDTHS)
            assert person.find("[id='set.times.beat_s']").get_attribute("aria-invalid") == "true"
            person.go("/settings/defaults")
            wrong += person.look(axe, "defaults-asked", language, WIDTHS)
            person.find("[name=sure]").click()
            person.enter("/settings")
        person.like_dark(True)
        for name, path in PAGES.items():
            person.go(path)
            wrong += person.look(axe, f"{name}-dark", LANGUAGES[-1], WIDTHS[:1])
        person.like_dark(False)
    person.click("button[name=language][value=en]", "/connections")
    assert not wrong, "\n".join(wrong)


def test_the_keyboard_is_enough(shop, person):
    person.driver.delete_all_cookies()
    person.speak("en")
    person.be_wide(WIDTHS[0])
    person.go("/login")
    person.tab_to("[name=user]")
    person.press("ann")
    person.tab_to("[name=password]")
    person.enter("/connections", PASSWORD)
    person.tab_to(".skip")
    person.tab_to("nav a[href='/keys']")
    person.enter("/keys")
    person.tab_to(f"a[href='/keys/{SERIAL}']")
    person.enter(f"/keys/{SERIAL}")
    assert shop.is_enabled
    person.tab_to("[name=enabled]")
    person.press(Keys.SPACE)
    person.tab_to("form[action$='/set'] button")
    person.enter(f"/keys/{SERIAL}")
    assert f"Key {SERIAL} is changed." in person.page
    assert not shop.is_enabled
    person.tab_to("nav a[href='/settings']")
    person.enter("/settings")
    person.tab_to("[id='set.times.killed_s']")
    person.type_over("1900")
    person.enter("/settings")
    assert "The settings are changed." in person.page
    assert shop.server.setting("times.killed_s")["value"] == "1900"
    assert not shop.server.setting("times.killed_s").get("needs_restart", False)
    person.tab_to("form[action='/sign-out'] button", backwards=True)
    person.enter("/login")
    acts = shop.server.ask("licence_acts", {"limit": 4})["acts"]
    assert [(one["who"], one["act"]) for one in acts] == [
        ("panel:ann", act)
        for act in ("sign_out", "set_licence_settings", "set_licence_key", "sign_in")]


def test_script_is_not_needed(shop, tmp_path):
    driver = chromium(tmp_path, script=False)
    try:
        driver.get("data:text/html,<p id=p>off</p><script>p.textContent='on'</script>")
        assert driver.find_element(By.ID, "p").text == "off", "script runs: nothing is shown"
        person = Person(driver, shop.port)
        person.speak("en")
        person.sign_in("ann", PASSWORD, "/connections")
        was = shop.is_enabled
        person.go(f"/keys/{SERIAL}")
        person.find("[name=enabled]").click()
        person.click("form[action$='/set'] button", f"/keys/{SERIAL}")
        assert shop.is_enabled != was
        with Licences("till", local_endpoint=shop.server.endpoint) as till:
            if was:
                person.find("[name=enabled]").click()
                person.click("form[action$='/set'] button", f"/keys/{SERIAL}")
            till.acquire("till.base")
            person.go("/connections")
            person.click("form[action='/connections/release'] button", "/connections")
            assert "is taken away" in person.page
        person.go("/settings")
        fill_in(person, "network.group", "shop", "/settings")
        assert shop.server.setting("network.group")["value"] == "shop"
        assert "Holds from the next start of licd." in person.page
        person.click("a[href='/settings/defaults']", "/settings/defaults")
        assert "Group" in person.page
        person.find("[name=sure]").click()
        person.click("main form button", "/settings")
        assert shop.server.setting("network.group").get("value", "") == ""
        person.go("/functions/acts")
        assert "settings changed" in person.page
        person.click("form[action='/sign-out'] button", "/login")
    finally:
        driver.quit()
