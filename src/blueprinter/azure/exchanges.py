"""Requests with their answers, kept and given again: a run over the answers of Azure without Azure.

What is kept has no headers but those that decide something, and no token: a request is its method, address and body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from urllib.parse import urlsplit

import orjson
from msgspec import Struct

from blueprinter.azure.errors import AzureError, ErrorDetail
from blueprinter.azure.model import Answer
from blueprinter.document import Json

PLACE = "https://management.azure.com"
"""Kept addresses begin so, wherever they were asked; nothing is ever sent there."""
_TELLING = frozenset(
    {"location", "azure-asyncoperation", "retry-after", "x-ms-tenant-subscription-limit-hit"}
)


class Exchange(Struct, frozen=True):
    """One request and what came of it."""

    method: str
    url: str
    body: Json
    status: int
    headers: Mapping[str, str]
    answer: Json

    def as_json(self) -> dict[str, Json]:
        return {
            "method": self.method,
            "url": self.url,
            "body": self.body,
            "status": self.status,
            "headers": dict(self.headers),
            "answer": self.answer,
        }

    @property
    def key(self) -> tuple[str, str, bytes]:
        """Equal for equal requests."""
        return self.method, self.url, orjson.dumps(self.body)


class Exchanges:
    """Collects what a client asked and was told; several threads may add."""

    def __init__(self, endpoint: str) -> None:
        """`endpoint`: of the client."""
        self._endpoint = endpoint.encode()
        self._lock = Lock()
        self._lines: list[tuple[tuple[str, str, bytes], bytes]] = []

    def add(self, method: str, url: str, body: Json, answer: Answer) -> None:
        """Takes note of the last answer to a request; refusals that were waited out are not told."""
        headers: dict[str, Json] = {
            name: value for name, value in sorted(answer.headers.items()) if name in _TELLING
        }
        if _asks_for_no_wait(answer):
            headers.pop("retry-after", None)
        whole: dict[str, Json] = {
            "method": method,
            "url": url,
            "body": body,
            "status": answer.status,
            "headers": headers,
            "answer": answer.body,
        }
        line = orjson.dumps(whole).replace(self._endpoint, PLACE.encode())
        key = (method, urlsplit(url)._replace(scheme="", netloc="").geturl(), orjson.dumps(body))
        with self._lock:
            self._lines.append((key, line))

    def text(self) -> bytes:
        """All of them as JSON lines, by request and then as they came: the same for the same answers, in whichever
        order threads asked."""
        with self._lock:
            return b"".join(line + b"\n" for _, line in sorted(self._lines, key=lambda one: one[0]))


def _asks_for_no_wait(answer: Answer) -> bool:
    """Whether nobody looks at how long Azure asks to wait: only work that goes on is asked for again."""
    return answer.status not in (201, 202)


def read_exchanges(lines: Iterable[bytes]) -> Iterator[Exchange]:
    """Exchanges from JSON lines as `Exchanges.text` has them. Raises `ValueError`, `KeyError` or `TypeError` for
    anything else."""
    for line in lines:
        if not line.strip():
            continue
        row = orjson.loads(line)
        yield Exchange(
            str(row["method"]),
            str(row["url"]),
            row["body"],
            int(row["status"]),
            {str(name): str(value) for name, value in dict(row["headers"]).items()},
            row["answer"],
        )


class _Said(Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Replay:
    """Answers as they were recorded: `connect_in_process(replay.handle, endpoint=PLACE)`."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self._lock = Lock()
        self._left: dict[tuple[str, str, bytes], list[Exchange]] = {}
        for one in exchanges:
            self._left.setdefault(one.key, []).append(one)

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> _Said:
        """The next answer to this request; the last one again when there is no other. Raises `AzureError` (BP609) for a
        request that was never made."""
        asked = orjson.loads(body) if body else None
        with self._lock:
            left = self._left.get((method, url, orjson.dumps(asked)))
            if not left:
                detail = ErrorDetail("", "the recording has no answer to this request")
                raise AzureError("BP609", detail, method=method, url=url)
            found = left.pop(0) if len(left) > 1 else left[0]
        content = b"" if found.answer is None else orjson.dumps(found.answer)
        return _Said(found.status, {**found.headers, "content-type": "application/json"}, content)
