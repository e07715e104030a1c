"""A headless Chromium for tests, spoken to over a pipe: no port, no network, nothing to install beside it.

The protocol is Chromium's DevTools protocol with `--remote-debugging-pipe`: JSON messages, each ended by a NUL.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")

# Chromium reads commands from descriptor 3 and writes answers to 4. Both are first moved out of the way.
_WIRE = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find() -> str | None:
    """The browser's program, or None."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab. Commands return their result; events are kept in `events` in the order in which they came."""

    def __init__(self, to_browser: int, from_browser: int, timeout: float) -> None:
        self._out = to_browser
        self._in = from_browser
        self._timeout = timeout
        self._pending = b""
        self._number = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Run a command and wait for its answer; raises `RuntimeError` with the browser's message."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive(time.monotonic() + self._timeout)
            if answer.get("id") != self._number:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            else:
                result: dict[str, Any] = answer["result"]
                return result

    def attach(self) -> None:
        """Take the first tab, and listen to what it does."""
        tab = next(t for t in self.send("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=tab["targetId"], flatten=True)[
            "sessionId"
        ]
        for domain in ("Runtime", "Log", "Page", "Network"):
            self.send(f"{domain}.enable")

    def open(self, file: Path) -> None:
        """Load a file from disk and wait until it has loaded; what earlier pages did is forgotten."""
        self.events.clear()
        self.send("Page.navigate", url=file.as_uri())
        deadline = time.monotonic() + self._timeout
        while self.evaluate("location.href + ' ' + document.readyState") != f"{file.as_uri()} complete":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{file} does not load")
            time.sleep(0.02)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page; a promise is awaited."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", "exception"))
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key."""
        text = {"text": key} if len(key) == 1 else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def type(self, text: str) -> None:
        """Insert text where the focus is."""
        self.send("Input.insertText", text=text)

    def screenshot(self, file: Path) -> None:
        """Write what the window shows as PNG."""
        file.write_bytes(b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def complaints(self) -> list[str]:
        """Console errors and warnings, exceptions, refused content and dialogs, as text."""
        found = []
        for event in self.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                found.append(parameters["entry"]["text"])
            elif method == "Runtime.exceptionThrown":
                found.append(parameters["exceptionDetails"]["text"])
            elif method == "Runtime.consoleAPICalled" or method == "Page.javascriptDialogOpening":
                found.append(f"{method}: {parameters}")
        return found

    def requests(self) -> list[str]:
        """The address of everything the page asked for, itself included."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]

    def _receive(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._in], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise TimeoutError("the browser does not answer")
            data = os.read(self._in, 1 << 16)
            if not data:
                raise ConnectionError("the browser has gone away")
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def browser(
    profile: Path, *, width: int = 1280, height: int = 900, dark: bool = False, timeout: float = 60
) -> Iterator[Page]:
    """A browser with one empty tab; `profile` is a folder that nobody else uses. It is ended afterwards."""
    program = find()
    if program is None:
        raise FileNotFoundError("no Chromium is installed")
    their_in, our_out = os.pipe()
    our_in, their_out = os.pipe()
    flags = [*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
    if dark:
        flags.append("--blink-settings=preferredColorScheme=0")
    wired = [sys.executable, "-c", _WIRE, str(their_in), str(their_out), program, *flags, "about:blank"]
    process = subprocess.Popen(
        wired, pass_fds=(their_in, their_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(their_in)
    os.close(their_out)
    try:
        page = Page(our_out, our_in, timeout)
        page.attach()
        yield page
    finally:
        os.close(our_out)
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(our_in)
