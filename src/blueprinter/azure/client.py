"""A thin client of Azure Resource Manager: any route, any API version, on azure-core.

It knows what all of Azure's management routes share: errors, throttling, pages, long-running work. One client may be
used by several threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from types import TracebackType
from urllib.parse import quote, urljoin, urlsplit

import orjson

from blueprinter.azure.counting import Requests, SentRequest
from blueprinter.azure.credentials import principal_of
from blueprinter.azure.errors import AzureError, ErrorDetail, read_error
from blueprinter.azure.exchanges import Exchanges
from blueprinter.azure.model import Answer, Connection, Running
from blueprinter.azure.operations import begun, polled
from blueprinter.azure.pipeline import NoAnswer, Wire, open_wire
from blueprinter.azure.retrying import IDEMPOTENT, RetryRules, quota_wait, wait_after
from blueprinter.document import Json

_RESOURCE_GRAPH = "/providers/microsoft.resourcegraph/"
_POLL_SECONDS = 10.0
_MOST_PAGES = 100_000
_NEXT = ("nextLink", "@odata.nextLink", "@nextLink")
"""How providers spell the link to the next page: most of them, Policy Insights, management groups."""
_PATH = "/:@!$&'()*+,;=~"
"""Characters that stand in a path as they are (RFC 3986)."""


class ArmClient:
    """Requests to one cloud or sandbox. Every method raises `AzureError`."""

    def __init__(
        self,
        connection: Connection,
        *,
        retry: RetryRules | None = None,
        poll_seconds: float = _POLL_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        watch: Callable[[SentRequest], None] | None = None,
    ) -> None:
        """`poll_seconds`: between looks at long-running work, where Azure does not say. `watch` is told of every
        request after its answer. `sleep` and `clock` (seconds) are given by tests."""
        self.endpoint = connection.endpoint
        self.requests = Requests(watch)
        self.exchanges: Exchanges | None = None
        self._connection = connection
        self._retry = retry or RetryRules()
        self._poll_seconds = poll_seconds
        self._sleep, self._clock = sleep, clock
        self._lock = Lock()
        self._wire: Wire | None = None
        self._graph_free_at = 0.0

    def __enter__(self) -> ArmClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def keep_exchanges(self) -> Exchanges:
        """From now on every request is kept with its answer, until the client ends."""
        if self.exchanges is None:
            self.exchanges = Exchanges(self.endpoint)
        return self.exchanges

    def close(self) -> None:
        """Gives its connections back."""
        with self._lock:
            wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def principal(self) -> str:
        """Object id of whoever asks, for people; empty where the token does not say."""
        return principal_of(self._connection)

    def call(
        self,
        method: str,
        path: str,
        api_version: str,
        *,
        body: Json = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
    ) -> Answer:
        """The answer to one request; every status from 400 is an `AzureError`.

        `path` starts with `/` and is not encoded. `idempotent`: whether it may be made again when it is not known
        what became of it; None = GET, PUT and DELETE may, POST and PATCH may not.
        """
        url = self._url(path, {"api-version": api_version, **(query or {})})
        return self._send(method, url, body=body, headers=headers, idempotent=idempotent)

    def get(self, path: str, api_version: str, *, query: Mapping[str, str] | None = None) -> Json:
        """The body of a GET."""
        return self.call("GET", path, api_version, query=query).body

    def find(self, path: str, api_version: str, *, query: Mapping[str, str] | None = None) -> Json:
        """The body of a GET, or None where there is nothing (404)."""
        try:
            return self.get(path, api_version, query=query)
        except AzureError as refused:
            if refused.not_found:
                return None
            raise

    def pages(
        self,
        path: str,
        api_version: str,
        *,
        method: str = "GET",
        body: Json = None,
        query: Mapping[str, str] | None = None,
    ) -> Iterator[Mapping[str, Json]]:
        """The pages of a list, as they come; the link to the next one is followed with the same method.

        Only for queries: a POST is taken as one that may be repeated. A page that links to one that was there
        already, or that has no rows where rows belong, ends in `AzureError` (BP607).
        """
        url = self._url(path, {"api-version": api_version, **(query or {})})
        seen: set[str] = set()
        while url:
            if url in seen or len(seen) >= _MOST_PAGES:
                raise AzureError(
                    "BP607", ErrorDetail("", "a page of the list repeats"), method=method, url=url
                )
            seen.add(url)
            page = self._send(method, url, body=body, headers=None, idempotent=True).body
            if not isinstance(page, dict) or not isinstance(page.get("value"), list):
                raise AzureError("BP607", ErrorDetail("", "a page has no rows"), method=method, url=url)
            yield page
            following = next((page[key] for key in _NEXT if page.get(key)), None)
            url = self._own(urljoin(url, following)) if isinstance(following, str) else ""

    def items(
        self,
        path: str,
        api_version: str,
        *,
        method: str = "GET",
        body: Json = None,
        query: Mapping[str, str] | None = None,
    ) -> Iterator[dict[str, Json]]:
        """The rows of a list, of all its pages."""
        for page in self.pages(path, api_version, method=method, body=body, query=query):
            rows = page["value"]
            for row in rows if isinstance(rows, list) else []:
                if not isinstance(row, dict):
                    raise AzureError(
                        "BP607",
                        ErrorDetail("", "a row is no object"),
                        method=method,
                        url=self.endpoint + path,
                    )
                yield row

    def start(
        self,
        method: str,
        path: str,
        api_version: str,
        *,
        body: Json = None,
        query: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
    ) -> Running:
        """Begins work that may take long; what is done at once has `ended`."""
        url = self._url(path, {"api-version": api_version, **(query or {})})
        answer = self._send(method, url, body=body, headers=None, idempotent=idempotent)
        running = begun(method, url, answer)
        self._own(running.monitor)
        return running

    def attach(self, path: str, api_version: str) -> Running:
        """The work under way on a resource that has a `provisioningState`."""
        url = self._url(path, {"api-version": api_version})
        return polled(Running("GET", url, url, "resource"), self._send("GET", url))

    def poll(self, running: Running) -> Running:
        """How work stands now; one request, no waiting. Raises `AzureError` (BP606) when it failed."""
        if running.ended:
            return running
        after = polled(running, self._send("GET", running.monitor))
        self._own(after.monitor)
        return after

    def wait(
        self,
        running: Running,
        *,
        timeout: float | None = None,
        watch: Callable[[Running], None] | None = None,
    ) -> Json:
        """Waits for the end of work and gives its result: the body of the resource, or of what it led to.

        `timeout` in seconds, None = for ever; `watch` is told after each look. Raises `AzureError`: BP606 when the
        work failed or was cancelled, BP608 when it takes longer.
        """
        until = None if timeout is None else self._clock() + timeout
        while not running.ended:
            pause = self._poll_seconds if running.wait is None else running.wait
            if until is not None and self._clock() + pause > until:
                detail = ErrorDetail("", f"not done after {timeout:.0f} seconds")
                raise AzureError("BP608", detail, method=running.method, url=running.resource)
            self._sleep(pause)
            running = self.poll(running)
            if watch is not None:
                watch(running)
        return self._result(running)

    def _result(self, running: Running) -> Json:
        if running.final and running.method != "DELETE":
            return self._send("GET", running.final).body
        return running.answer.body if running.answer is not None else None

    def _send(
        self,
        method: str,
        url: str,
        *,
        body: Json = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
    ) -> Answer:
        may_repeat = method.upper() in IDEMPOTENT if idempotent is None else idempotent
        content = None if body is None else orjson.dumps(body)
        sent = {"Content-Type": "application/json"} if content is not None else {}
        attempt, reached = 0, False
        while True:
            attempt += 1
            self._wait_for_quota(url)
            answer: Answer | None
            lost: NoAnswer | None = None
            try:
                answer = self._opened().send(method, url, {**sent, **(headers or {})}, content)
            except NoAnswer as found:
                answer, lost = None, found
                reached = reached or found.reached
            self.requests.add(
                SentRequest(method, urlsplit(url).path, answer.status if answer else 0, attempt)
            )
            if answer is not None:
                self._note_quota(url, answer)
                if answer.status < 400:
                    self._keep(method, url, body, answer)
                    return answer
            pause = wait_after(
                answer, attempt, self._retry, idempotent=may_repeat, reached=lost is None or lost.reached
            )
            if pause is None:
                if answer is not None:
                    self._keep(method, url, body, answer)
                raise _failure(method, url, answer, lost, reached)
            self._sleep(pause)

    def _keep(self, method: str, url: str, body: Json, answer: Answer) -> None:
        if self.exchanges is not None:
            self.exchanges.add(method, url, body, answer)

    def _opened(self) -> Wire:
        with self._lock:
            if self._wire is None:
                self._wire = open_wire(self._connection)
            return self._wire

    def _wait_for_quota(self, url: str) -> None:
        if _RESOURCE_GRAPH in url.casefold() and (pause := self._graph_free_at - self._clock()) > 0:
            self._sleep(pause)

    def _note_quota(self, url: str, answer: Answer) -> None:
        """Remembers when Resource Graph has quota again, so that the next query does not run into a refusal."""
        if _RESOURCE_GRAPH in url.casefold() and answer.status < 400:
            self._graph_free_at = self._clock() + (quota_wait(answer.headers) or 0.0)

    def _url(self, path: str, query: Mapping[str, str]) -> str:
        pairs = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in query.items())
        return f"{self.endpoint}{quote(path, safe=_PATH)}?{pairs}"

    def _own(self, url: str) -> str:
        """A link that Azure gave, followed only within the cloud that was asked: it is sent a token."""
        own, other = urlsplit(self.endpoint), urlsplit(url)
        inside = other.netloc == own.netloc or other.netloc.endswith(f".{own.netloc}")
        if other.scheme != own.scheme or not inside:
            detail = ErrorDetail("", f"a link leads to `{other.netloc}`")
            raise AzureError("BP602", detail, url=url, hint="no token is sent there")
        return url


def _failure(
    method: str, url: str, answer: Answer | None, lost: NoAnswer | None, reached: bool
) -> AzureError:
    if answer is None:
        reason = lost.reason if lost is not None else "no answer"
        hint = "whether it took effect is not known" if reached and method != "GET" else ""
        detail = ErrorDetail("", reason)
        return AzureError("BP605", detail, method=method, url=url, hint=hint, reached=reached)
    return AzureError(
        "BP604",
        read_error(answer.body, f"HTTP status {answer.status}"),
        status=answer.status,
        method=method,
        url=url,
        request_id=answer.headers.get("x-ms-request-id", ""),
    )
