"""The administrator's panel of a real licd in chromium.

Claim: every page can be used by everybody: in three languages, on a wide and a narrow window,
with the keyboard alone, with script switched off; axe-core finds no barrier and no page is wider
than its window.
Shown: with a key and a lease, by what licd says afterwards; pictures are kept for people.
"""
from __future__ import annotations

import socket

import pytest
from browser import Person, axe_source, chromium
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


@pytest.fixture(scope="module")
def person(shop, tmp_path_factory):
    driver = chromium(tmp_path_factory.mktemp("chromium"))
    yield Person(driver, shop.port)
    driver.quit()


@pytest.fixture(scope="module")
def axe() -> str:
    return axe_source()


def look(person: Person, axe: str, name: str, language: str, widths=WIDTHS) -> list[str]:
    """What is wrong with the page that is shown, on each width."""
    wrong = []
    assert person.driver.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
    for width in widths:
        person.be_wide(width)
        person.picture(f"{name}-{language}-{width}")
        wrong += [f"{name}, {language}, {width}: {one}" for one in person.barriers(axe)]
        if person.overhang() > 0:
            wrong.append(f"{name}, {language}, {width}: {person.overhang()} pixels too wide")
    return wrong


def sign_in(person: Person, path: str = "/connections") -> None:
    person.go("/login")
    person.find("[name=user]").send_keys("ann")
    person.find("[name=password]").click()
    person.enter(path, PASSWORD)


def fill_in(person: Person, setting: str, value: str, path: str) -> None:
    person.find(f"[id='set.{setting}']").click()
    person.type_over(value)
    person.enter(path)


def test_the_first_pages_have_no_barrier(shop, person, axe):
    wrong = []
    for language in LANGUAGES:
        person.speak(language)
        person.go("/login")
        wrong += look(person, axe, "set-up", language)
    person.find("[name=token]").send_keys(shop.token)
    person.find("[name=user]").send_keys("ann")
    person.find("[name=password]").send_keys(PASSWORD)
    person.find("[name=again]").click()
    person.enter("/connections", PASSWORD)
    person.click("form[action='/sign-out'] button", "/login")
    for language in LANGUAGES:
        person.speak(language)
        person.go("/login")
        wrong += look(person, axe, "login", language)
    assert not wrong, "\n".join(wrong)


def test_no_page_has_a_barrier_or_is_too_wide(shop, person, axe):
    wrong = []
    person.speak("en")
    sign_in(person)
    with Licences("till", local_endpoint=shop.server.endpoint) as till:
        till.acquire("till.base")
        for language in LANGUAGES:
            person.be_wide(WIDTHS[0])
            person.click(f"button[name=language][value={language}]", "/connections")
            for name, path in PAGES.items():
                person.go(path)
                wrong += look(person, axe, name, language)
            person.go("/keys/no-such-key")
            wrong += look(person, axe, "missing", language)
            person.go("/settings")
            fill_in(person, "times.beat_s", "299", "/settings")
            fill_in(person, "times.lease_s", "500", "/settings/change")
            wrong += look(person, axe, "settings-refused", language)
            assert person.find("[id='set.times.beat_s']").get_attribute("aria-invalid") == "true"
            person.go("/settings/defaults")
            wrong += look(person, axe, "defaults-asked", language)
            person.find("[name=sure]").click()
            person.enter("/settings")
        person.like_dark(True)
        for name, path in PAGES.items():
            person.go(path)
            wrong += look(person, axe, f"{name}-dark", LANGUAGES[-1], WIDTHS[:1])
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
    acts = shop.server.ask("licence_acts", {"limit": 3})["acts"]
    assert [(one["who"], one["act"]) for one in acts[:2]] == [
        ("panel:ann", "set_licence_settings"), ("panel:ann", "set_licence_key")]


def test_script_is_not_needed(shop, tmp_path):
    driver = chromium(tmp_path, script=False)
    try:
        driver.get("data:text/html,<p id=p>off</p><script>p.textContent='on'</script>")
        assert driver.find_element(By.ID, "p").text == "off", "script runs: nothing is shown"
        person = Person(driver, shop.port)
        person.speak("en")
        sign_in(person)
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
