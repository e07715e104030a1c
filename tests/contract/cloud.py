"""A sandbox that the official clients of Azure talk to, in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from blueprinter.azure import HandlerTransport, StaticCredential, sandbox_token
from blueprinter.sandbox import ConnectionLost, Request, Response, Rule, Sandbox, Settings, open_sandbox

FIRST = "00000000-0000-0000-0000-000000000001"
SECOND = "00000000-0000-0000-0000-000000000002"
TENANT = "00000000-0000-0000-0000-0000000000aa"
SUBSCRIPTION = f"/subscriptions/{FIRST}"
ENDPOINT = "https://management.azure.com"

Client = TypeVar("Client")


@dataclass
class Cloud:
    """The sandbox, what was sent to it, and how long clients would have waited."""

    sandbox: Sandbox
    sent: list[tuple[str, str]] = field(default_factory=list)
    """Method and URL of every request."""
    waits: list[float] = field(default_factory=list)
    """Seconds."""

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        """What a transport asks. A lost answer is what a lost connection is to a client."""
        self.sent.append((method, url))
        try:
            return self.sandbox.handle(Request(method, url, headers, body))
        except ConnectionLost as lost:
            if lost.timeout:
                raise TimeoutError(str(lost)) from lost
            if lost.after_write:
                raise ConnectionResetError(str(lost)) from lost
            raise ConnectionRefusedError(str(lost)) from lost

    def client(self, kind: Callable[..., Client], *arguments: Any, **options: Any) -> Client:
        """A client over this sandbox; operations are asked for without a pause."""
        return kind(
            StaticCredential(sandbox_token()),
            *arguments,
            base_url=ENDPOINT,
            transport=HandlerTransport(self.handle, sleep=self.waits.append),
            **{"polling_interval": 0, **options},
        )

    def methods(self, part: str) -> list[str]:
        """The methods of the requests whose URL holds a text, without regard to case."""
        return [method for method, url in self.sent if part.lower() in url.lower()]


class Clock:
    """Time that goes on by a second with each look."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def open_cloud(*, misbehaviour: Sequence[Rule] = (), **settings: Any) -> Cloud:
    """Two subscriptions in a tenant, nothing else."""
    return Cloud(
        open_sandbox(
            clock=Clock(),
            subscriptions=(FIRST, SECOND),
            settings=Settings(**settings),
            misbehaviour=misbehaviour,
        )
    )
