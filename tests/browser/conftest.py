"""What the tests of every panel have: a person before it, and axe-core."""
from __future__ import annotations

import pytest
from browser import Person, axe_source, chromium


@pytest.fixture(scope="module")
def person(shop, tmp_path_factory):
    """Before the panel of the module's shop."""
    driver = chromium(tmp_path_factory.mktemp("chromium"))
    yield Person(driver, shop.port, shop.pictures)
    driver.quit()


@pytest.fixture(scope="session")
def axe() -> str:
    return axe_source()
