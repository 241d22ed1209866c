"""Chromium as a person has it: a keyboard, a window of some width, and maybe no script."""
from __future__ import annotations

import base64
import os
import pathlib
import tempfile

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

AXE = pathlib.Path(os.environ.get("TILLHOST_AXE",
                                  "build/browser/node_modules/axe-core/axe.min.js"))
SCREENSHOTS = pathlib.Path(os.environ.get("TILLHOST_SCREENSHOTS", "build/release/screenshots"))
PAGE_MAX = 60  # seconds for a page; beside other tests a browser is slow
TABS_MAX = 120   # presses of Tab from one thing to another
HEIGHT = 900
NO_SCRIPT = 2    # chromium's value for "blocked"


def axe_source() -> str:
    assert AXE.exists(), (f"{AXE} is missing: ./dev test puts it there by npm; by hand: "
                          "npm ci in a copy of tests/browser/package*.json")
    return AXE.read_text()


def chromium(folder: pathlib.Path, script: bool = True) -> webdriver.Chrome:
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    options.accept_insecure_certs = True  # licd made its certificate itself
    for word in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage",
                 "--force-device-scale-factor=1", "--hide-scrollbars",
                 f"--user-data-dir={tempfile.mkdtemp(dir=folder)}"):
        options.add_argument(word)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    if not script:
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": NO_SCRIPT})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(PAGE_MAX)
    driver.set_script_timeout(PAGE_MAX)
    return driver


def is_gone(element) -> bool:
    """Whether its page was left. Chromium says so in two ways, of which selenium knows one."""
    try:
        element.is_enabled()
    except StaleElementReferenceException:
        return True
    except WebDriverException as error:
        if "does not belong to the document" in str(error):
            return True
        raise
    return False


class Person:
    """Whoever sits before the browser."""

    def __init__(self, driver: webdriver.Chrome, port: int, pictures: str = "") -> None:
        """`pictures`: what the names of its pictures begin with."""
        self.driver = driver
        self._pictures = pictures
        self._root = f"https://localhost:{port}"

    # --- what is seen

    def look(self, axe: str, name: str, language: str, widths) -> list[str]:
        """What is wrong with the page that is shown, on each width."""
        wrong = []
        html = self.driver.find_element(By.TAG_NAME, "html")
        assert html.get_attribute("lang") == language
        for width in widths:
            self.be_wide(width)
            self.picture(f"{self._pictures}{name}-{language}-{width}")
            wrong += [f"{name}, {language}, {width}: {one}" for one in self.barriers(axe)]
            if self.overhang() > 0:
                wrong.append(f"{name}, {language}, {width}: {self.overhang()} pixels too wide")
        return wrong

    def sign_in(self, user: str, password: str, path: str) -> None:
        """Anew, with nothing kept; `path` is where that leads."""
        self.driver.delete_all_cookies()
        self.go("/login")
        self.find("[name=user]").send_keys(user)
        self.find("[name=password]").click()
        self.enter(path, password)

    def go(self, path: str) -> None:
        self.driver.get(self._root + path)

    @property
    def path(self) -> str:
        return self.driver.current_url.removeprefix(self._root).split("?")[0]

    @property
    def page(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "main").text

    def find(self, selector: str):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def speak(self, language: str) -> None:
        """Of pages that nobody has signed in to."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders",
                                    {"headers": {"Accept-Language": language}})

    def be_wide(self, width: int) -> None:
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": HEIGHT, "deviceScaleFactor": 1,
                                     "mobile": False})

    def like_dark(self, dark: bool) -> None:
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def picture(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot",
                                           {"format": "png", "captureBeyondViewport": True})
        (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))

    # --- what is wrong with a page

    def barriers(self, axe: str) -> list[str]:
        """What axe-core finds, with the place of each."""
        self.driver.execute_script(axe)
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']})"
            ".then(r => done(r.violations), e => done([{id: String(e), nodes: []}]));")
        return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]

    def overhang(self) -> int:
        """Pixels that the page is wider than its window."""
        return self.driver.execute_script(
            "return document.documentElement.scrollWidth - window.innerWidth;")

    # --- what leads to another page, which may be the same one anew

    def _leave(self, act, path: str) -> None:
        before = self.driver.find_element(By.TAG_NAME, "html")
        act()
        WebDriverWait(self.driver, PAGE_MAX).until(lambda _: is_gone(before))
        WebDriverWait(self.driver, PAGE_MAX).until(lambda _: self.path == path)

    def click(self, selector: str, path: str) -> None:
        self._leave(self.find(selector).click, path)

    def enter(self, path: str, *keys: str) -> None:
        """By the Enter key, after other keys."""
        self._leave(lambda: self.press(*keys, Keys.ENTER), path)

    # --- the keyboard

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def type_over(self, text: str) -> None:
        """Into the field that has the focus."""
        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("a").key_up(
            Keys.CONTROL).send_keys(text).perform()

    def tab_to(self, selector: str, backwards: bool = False):
        """Presses Tab until that has the focus; each place on the way must show that it has it."""
        for _ in range(TABS_MAX):
            if backwards:
                ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(
                    Keys.SHIFT).perform()
            else:
                self.press(Keys.TAB)
            seen = self.driver.execute_script("""
                const at = document.activeElement;
                if (at === document.body) return {wanted: false, seen: true, what: "the page"};
                const style = getComputedStyle(at), box = at.getBoundingClientRect();
                return {wanted: at.matches(arguments[0]), what: at.outerHTML.slice(0, 120),
                        seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
                          && box.bottom > 0 && box.top < innerHeight
                          && box.right > 0 && box.left < innerWidth};""", selector)
            assert seen["seen"], f"nobody sees that the focus is on {seen['what']}"
            if seen["wanted"]:
                return self.driver.switch_to.active_element
        raise AssertionError(f"Tab never comes to {selector} on {self.path}")
