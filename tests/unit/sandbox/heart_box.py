"""A sandbox of a test: its clock, and short words for requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from blueprinter.sandbox import Request, Response, Rule, Sandbox, Settings, open_sandbox

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUB}/resourceGroups/rg"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
ORIGIN = "https://arm.example"


def at_six() -> datetime:
    return datetime(2026, 11, 20, 6, 0, tzinfo=UTC)


class Asking:
    """Asks one sandbox."""

    def __init__(
        self,
        state: Path | None = None,
        *,
        settings: Settings | None = None,
        misbehaviour: Sequence[Rule] = (),
        subscriptions: Sequence[str] = (),
        seed: int = 0,
    ) -> None:
        self.box: Sandbox = open_sandbox(
            state,
            settings=settings,
            clock=at_six,
            misbehaviour=misbehaviour,
            subscriptions=subscriptions,
            seed=seed,
        )

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        url = path if path.startswith("https:") else f"{ORIGIN}{path}"
        if "api-version=" not in url:
            url += f"{'&' if '?' in url else '?'}api-version=2025-04-01"
        data = b"" if body is None else orjson.dumps(body)
        return self.box.handle(Request(method, url, headers or {}, data))

    def ok(self, method: str, path: str, body: object = None) -> Any:
        """The body of an answer that is no error."""
        answer = self.ask(method, path, body)
        assert answer.status < 300, answer.json()
        return answer.json()

    def refused(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """Status and code of an answer that is an error."""
        answer = self.ask(method, path, body)
        assert answer.status >= 400, answer.json()
        return answer.status, answer.json()["error"]["code"]

    def group(self, name: str = "rg", **more: object) -> Any:
        return self.ok("PUT", f"{SUB}/resourcegroups/{name}", {"location": "westeurope", **more})

    def storage(self, name: str = "one", **more: object) -> Any:
        return self.ok("PUT", f"{STORAGE}/{name}", {"location": "westeurope", **more})

    def names(self, path: str) -> list[str]:
        """The names of all pages of a list."""
        found: list[str] = []
        link: str | None = path
        while link:
            answer = self.ok("GET", link)
            found += [row["name"] for row in answer["value"]]
            link = answer.get("nextLink")
        return found
