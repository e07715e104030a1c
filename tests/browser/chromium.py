"""The system's Chromium, driven by Playwright: headless, offline, and nothing is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "needs Chromium (Debian: apt-get install chromium)"


def find() -> str | None:
    """The browser's program, or None."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, ended afterwards. Raises `FileNotFoundError` where none is installed."""
    program = find()
    if program is None:
        raise FileNotFoundError(MISSING)
    with sync_playwright() as playwright:
        # a container has no user namespaces, and little shared memory
        flags = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watch:
    """What a page did that a report must not do, and everything it asked for."""

    complaints: list[str] = field(default_factory=list)
    """Whatever stands in the console, exceptions, refused content and dialogs, as text."""
    requests: list[str] = field(default_factory=list)
    """The address of everything the page asked for, itself included."""

    def of(self, page: Page) -> None:
        """Begin to listen."""
        page.on("console", self._said)
        page.on("pageerror", lambda found: self.complaints.append(f"exception: {found}"))
        page.on("dialog", self._asked)
        page.on("request", lambda request: self.requests.append(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()
