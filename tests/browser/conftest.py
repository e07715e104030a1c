"""One browser for all tests; a new, offline window for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from browser.chromium import MISSING, Watch, chromium, find


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if find() is None:
        pytest.skip(MISSING)
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 900}, offline=True) as context:
        yield context.new_page()


@pytest.fixture
def watch(page: Page) -> Watch:
    """Listens to `page` from before its first address."""
    seen = Watch()
    seen.of(page)
    return seen
