"""The console of a real sumpd in chromium, with devd and a simulated registrar.

Claim: from a fresh start to a working registrar and a test receipt by clicks only; every page can
be used by everybody: in three languages, on a wide and a narrow window, with the keyboard alone,
with script switched off; axe-core finds no barrier and no page is wider than its window.
Shown: by what the registrar's memory holds afterwards; pictures are kept for people.
"""
from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time

import pytest
from browser import Person, chromium
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "ipc/client/python/test"))
from counter import PROGRAMS, Counter, free_port  # noqa: E402

PASSWORD = "correct horse battery"
WIDTHS = (1366, 390)
LANGUAGES = ("en", "ru", "pl")
PATIENCE = 60.0  # seconds
PAGES = {"general": "/settings/general", "defaults": "/settings/defaults",
         "device-defaults": "/settings/device-defaults",
         "exchange": "/settings/exchange", "protection": "/settings/protection",
         "security": "/settings/security", "maintenance": "/settings/maintenance",
         "documents": "/settings/documents", "commands": "/settings/commands",
         "audit": "/settings/audit", "users": "/users", "new-user": "/users/new",
         "replaced": "/users/replaced", "flagged": "/users/flagged", "roles": "/roles",
         "role": "/roles/cashier", "new-role": "/roles/new", "apps": "/apps",
         "tasks": "/apps/tasks", "registrars": "/registrars", "models": "/registrars/new",
         "new-registrar": "/registrars/new?driver=fiscal/toy",
         "terminals": "/terminals", "terminal-models": "/terminals/new",
         "new-terminal": "/terminals/new?driver=payment/zvt"}


class Shop:
    """devd without a device, a registrar that waits on its line, and sumpd fresh from its box."""

    pictures = "console-"

    def __init__(self, folder: pathlib.Path) -> None:
        self.counter = Counter(devices=())
        self.line = self.counter.folder / "kassa.tty"
        self.counter.start_simulator("kassa")
        self.port = free_port()
        self.state = folder / "state"
        config = folder / "config"
        for made in (self.state, config):
            made.mkdir()
        (config / "sumpd.toml").write_text(
            f'name = "Shop 12"\n[[api]]\nport = "{free_port()}"\n[[console]]\n'
            f'port = "{self.port}"\n[[devices]]\nendpoint = "{self.counter.endpoint}"\n')
        self.log = (folder / "sumpd.log").open("wb")
        self.sumpd = subprocess.Popen(
            [PROGRAMS / "sumpd", "--config", config], stdout=self.log, stderr=self.log,
            env={**os.environ, "TILLHOST_STATE_DIR": str(self.state)})
        end = time.monotonic() + PATIENCE
        while not self.token_file.exists():
            assert self.sumpd.poll() is None, (folder / "sumpd.log").read_text()
            assert time.monotonic() < end, "sumpd makes no one-time token"
            time.sleep(0.05)

    @property
    def token_file(self) -> pathlib.Path:
        return self.state / "sumpd" / "web-token"

    def totals(self) -> list[int]:
        """What the registrar's memory holds."""
        return [one["total_minor"] for one in self.counter.documents()]

    def close(self) -> None:
        self.sumpd.kill()
        self.sumpd.wait()
        self.log.close()
        self.counter.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Shop(tmp_path_factory.mktemp("sumpd"))
    yield made
    made.close()


def wait_for(person: Person, what) -> None:
    """For where an act leads, which is not known before."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, person.page
        time.sleep(0.05)


def see_the_end(person: Person) -> None:
    """Loads the page of a command until it is carried out."""
    end = time.monotonic() + PATIENCE
    while person.driver.find_elements(By.CSS_SELECTOR, "main p > a[href*='/test/']"):
        assert time.monotonic() < end, person.page
        person.click("main p > a[href*='/test/']", person.path)


def test_from_a_fresh_start_to_a_test_receipt(shop, person, axe):
    wrong = []
    for language in LANGUAGES:
        person.speak(language)
        person.go("/login")
        wrong += person.look(axe, "set-up", language, WIDTHS)
    person.speak("en")
    person.be_wide(WIDTHS[0])
    person.go("/login")
    person.find("[name=token]").send_keys(shop.token_file.read_text().strip())
    person.find("[name=user]").send_keys("ann")
    person.find("[name=password]").send_keys(PASSWORD)
    person.find("[name=again]").click()
    person.enter("/settings/general", PASSWORD)
    person.click("nav a[href='/registrars']", "/registrars")
    person.click("a[href='/registrars/new']", "/registrars/new")
    person.click("a[href*='driver=fiscal%2Ftoy']", "/registrars/new")
    person.find("[name=name]").clear()
    person.find("[name=name]").send_keys("Till 1")
    person.find("[name='set.port']").send_keys(f"pty:{shop.line}")
    person.find("form[action='/registrars/new'] button").click()
    wait_for(person, lambda: person.path not in ("/registrars/new", "/registrars"))
    assert "Till 1" in person.page, person.page
    card = person.path
    person.click(f"form[action='{card}/check'] button", card)
    assert "The connection check passed." in person.page, person.page
    person.click(f"form[action='{card}/default'] button", card)
    amount = person.find("[name=amount]")
    amount.clear()
    amount.send_keys("12.50")
    person.find(f"form[action='{card}/test'] button").click()
    wait_for(person, lambda: "/test/" in person.path)
    see_the_end(person)
    assert "12.50" in person.page and "done" in person.page, person.page
    wrong += person.look(axe, "receipt", "en", WIDTHS)
    person.driver.refresh()
    assert shop.totals() == [1250], "a page that is loaded again is no other receipt"
    person.driver.back()
    person.driver.forward()
    assert shop.totals() == [1250]
    assert not wrong, "\n".join(wrong)


def add_a_user(shop, person: Person) -> str:
    """By the form; the path of its card."""
    person.go("/users/new")
    for name, typed in (("name", "Anna"), ("login", "anna"), ("password", "a good password")):
        person.find(f"main [name={name}]").send_keys(typed)
    person.find("form[action='/users/save'] button").click()
    wait_for(person, lambda: person.path == "/users")
    return person.find("main td a").get_attribute("href").split(str(shop.port))[1]


def test_no_page_has_a_barrier_or_is_too_wide(shop, person, axe):
    wrong = []
    person.speak("en")
    person.sign_in("ann", PASSWORD, "/settings/general")
    user = add_a_user(shop, person)
    person.go("/settings/general")
    for language in LANGUAGES:
        person.be_wide(WIDTHS[0])
        person.click(f"button[name=language][value={language}]", "/settings/general")
        for name, path in PAGES.items():
            person.go(path)
            wrong += person.look(axe, name, language, WIDTHS)
        person.go("/registrars")
        person.click("main td a", person.driver.find_element(
            By.CSS_SELECTOR, "main td a").get_attribute("href").split(str(shop.port))[1])
        wrong += person.look(axe, "registrar", language, WIDTHS)
        person.go("/apps")
        person.click("form[action='/apps/invite'] button", "/apps/invite")
        wrong += person.look(axe, "qr", language, WIDTHS)
        person.go(user)
        wrong += person.look(axe, "user", language, WIDTHS)
        person.go("/settings/general")
        person.click("form[action='/settings/addresses/try'] button", "/settings/addresses/try")
        wrong += person.look(axe, "addresses-tried", language, WIDTHS)
        person.go("/registrars/none")
        wrong += person.look(axe, "missing", language, WIDTHS)
        person.go("/settings/general")
        port = person.find("[id='set.api.hosts']")
        person.driver.execute_script("arguments[0].value = 'x'.repeat(60);", port)
        wrong += person.look(axe, "general-typed", language, WIDTHS)
    person.like_dark(True)
    for name, path in PAGES.items():
        person.go(path)
        wrong += person.look(axe, f"{name}-dark", LANGUAGES[-1], WIDTHS[:1])
    person.like_dark(False)
    person.click("button[name=language][value=en]", "/settings/general")
    person.click("form[action='/sign-out'] button", "/login")
    for language in LANGUAGES:
        person.speak(language)
        person.go("/login")
        wrong += person.look(axe, "login", language, WIDTHS)
    assert not wrong, "\n".join(wrong)


def test_the_keyboard_is_enough(shop, person):
    person.driver.delete_all_cookies()
    person.speak("en")
    person.be_wide(WIDTHS[0])
    person.go("/login")
    person.tab_to("[name=user]")
    person.press("ann")
    person.tab_to("[name=password]")
    person.enter("/settings/general", PASSWORD)
    person.tab_to("[id='set.packet_bytes']")
    person.type_over("65536")
    person.enter("/settings/general")
    assert "The settings are changed." in person.page
    assert "Holds from the next start of sumpd." in person.page
    person.tab_to("a[href='/registrars']")
    person.enter("/registrars")
    card = person.tab_to("main td a").get_attribute("href").split(str(shop.port))[1]
    person.enter(card)
    person.tab_to(f"form[action='{card}/visible'] button")
    person.enter(card)
    assert "Applications do not see it any more." in person.page
    person.tab_to(f"form[action='{card}/visible'] button")
    person.enter(card)
    person.tab_to("a[href='/apps']")
    person.enter("/apps")
    person.tab_to("[name=name]")
    person.press("Phone 1")
    person.enter("/apps/invite")
    assert "sump://enroll" in person.page
    person.tab_to("form[action='/sign-out'] button", backwards=True)
    person.enter("/login")


def test_script_is_not_needed(shop, tmp_path):
    driver = chromium(tmp_path, script=False)
    try:
        driver.get("data:text/html,<p id=p>off</p><script>p.textContent='on'</script>")
        assert driver.find_element(By.ID, "p").text == "off", "script runs: nothing is shown"
        person = Person(driver, shop.port)
        person.speak("en")
        person.sign_in("ann", PASSWORD, "/settings/general")
        before = len(shop.totals())
        person.go("/registrars")
        link = person.find("main td a")
        card = link.get_attribute("href").split(str(shop.port))[1]
        person.click("main td a", card)
        amount = person.find("[name=amount]")
        amount.clear()
        amount.send_keys("3.00")
        amount.send_keys(Keys.ENTER)
        wait_for(person, lambda: "/test/" in person.path)
        see_the_end(person)
        assert shop.totals()[before:] == [300]
        person.go("/settings/defaults")
        person.find("[name=sure]").click()
        person.click("main form button", "/settings/general")
        assert "The defaults are restored." in person.page
        person.go("/settings/audit")
        person.click("form[action='/settings/audit/verify'] button", "/settings/audit")
        assert "The chain is whole" in person.page
        person.click("form[action='/sign-out'] button", "/login")
    finally:
        driver.quit()
