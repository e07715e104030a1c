"""The nouns of talking to Azure: a connection, an answer, work that goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct

from blueprinter.document import Json

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class Answer(Struct, frozen=True):
    """What Azure answered. Names of `headers` are lower case; `body` is None where there is none."""

    status: int
    headers: Mapping[str, str]
    body: Json

    @property
    def members(self) -> Mapping[str, Json]:
        """The body where it is an object, else nothing."""
        return self.body if isinstance(self.body, dict) else {}


class HandlerAnswer(Protocol):
    """An answer of something that handles requests in this process."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


Handler: TypeAlias = "Callable[[str, str, Mapping[str, str], bytes], HandlerAnswer]"
"""Method, absolute URL, headers (names in lower case) and body to an answer. It raises `ConnectionRefusedError`
when the request never arrives, another `ConnectionError` when the answer is lost, `TimeoutError` when none comes."""


class Connection(Struct, frozen=True):
    """Where requests go and as whom. Nothing is loaded, opened or asked for before the first request."""

    endpoint: str
    """Scheme and host of Azure Resource Manager, without a `/` at the end."""
    scope: str
    """What tokens are asked for."""
    credential: Callable[[], TokenCredential]
    handler: Handler | None = None
    """Answers in this process; no socket is opened then."""
    certificate: str = ""
    """File with the certificates to trust instead of the system's."""

    def __repr__(self) -> str:
        """Without what knows the secrets."""
        return f"Connection({self.endpoint!r}, {self.scope!r})"

    @property
    def plain(self) -> bool:
        """Whether tokens travel over plain http: only ever to this machine, and never a real one."""
        return self.endpoint.startswith("http://")


class Running(Struct, frozen=True):
    """Long-running work of Azure: where it is asked for, and how far it is."""

    method: str
    resource: str
    """URL of what was asked for."""
    monitor: str
    """URL that tells how it stands."""
    kind: str
    """`operation` (a status monitor), `location` (202 until it is done), `resource` (its provisioningState)"""
    final: str = ""
    """URL of the result, where the monitor does not have it."""
    status: str = "Running"
    """`Running` or what Azure calls it; `Succeeded`, `Failed` and `Canceled` are the end."""
    wait: float | None = None
    """Seconds that Azure asks to wait before it is asked again."""
    answer: Answer | None = None
    """The latest one."""

    def __repr__(self) -> str:
        """Without what Azure answered: some of it is secret."""
        return f"Running({self.method} {self.resource}: {self.status})"

    @property
    def ended(self) -> bool:
        return self.status in {"Succeeded", "Failed", "Canceled"}
