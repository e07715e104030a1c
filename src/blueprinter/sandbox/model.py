"""The nouns of the sandbox: a request, its answer, what the providers may ask of the box that holds them.

Everything is pure of sockets and threads: `handle(Request) -> Response`. Time moves by requests: each one advances
every running operation by a step, so that a run can be repeated exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import orjson
from msgspec import Struct, field

from blueprinter.document import Json
from blueprinter.policy import AliasTable
from blueprinter.sandbox.loose_json import loads

Body: TypeAlias = "dict[str, Any]"
"""A JSON object as Azure sends and takes it."""


class Request(Struct, frozen=True):
    """An HTTP request. `url` is absolute; names of `headers` are lower case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def origin(self) -> str:
        """Scheme, host and port, for links that lead back: `http://127.0.0.1:8080`."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def path(self) -> str:
        """The path, decoded, without a `/` at the end; `//` is one, since clients put a scope that begins with `/`
        behind a `/`, also as `/%2Fsubscriptions%2F…`."""
        return "/" + "/".join(part for part in unquote(urlsplit(self.url).path).split("/") if part)

    @property
    def query(self) -> Mapping[str, str]:
        """The query; names in lower case (`api-version`, `$filter`)."""
        pairs = parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        return {name.lower(): value for name, value in pairs}

    @property
    def api_version(self) -> str:
        return self.query.get("api-version", "")


class Response(Struct, frozen=True):
    """An HTTP response. Every header is written as it stands here."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body; None where there is none."""
        return orjson.loads(self.body) if self.body else None

    @classmethod
    def of(cls, value: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """A JSON answer."""
        body = orjson.dumps(value)
        return cls(status, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}, body)

    @classmethod
    def empty(cls, status: int = 204, headers: Mapping[str, str] | None = None) -> Response:
        return cls(status, dict(headers or {}))


class Refusal(Exception):
    """What Azure answers instead: an error body with this code. Everything that the handler wrote is undone."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        target: str = "",
        details: Sequence[Body] = (),
        additional_info: Sequence[Body] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = tuple(details)
        self.additional_info = tuple(additional_info)
        self.headers = dict(headers or {})

    def error(self) -> Body:
        """The value of `error` in the body."""
        found: Body = {"code": self.code, "message": self.message}
        if self.target:
            found["target"] = self.target
        if self.details:
            found["details"] = list(self.details)
        if self.additional_info:
            found["additionalInfo"] = list(self.additional_info)
        return found


class Stored(Struct, frozen=True):
    """An object that the sandbox holds under its id. `body` and `notes` must not be changed."""

    id: str
    """As it was spelled when it was made."""
    type: str
    """`Microsoft.Storage/storageAccounts`, `Microsoft.Resources/resourceGroups`, …; compare folded."""
    body: Body
    """What GET answers."""
    notes: Body = field(default_factory=dict)
    """What no request sees: who made it, with which API version, the stack that manages it, …"""
    created: str = ""
    changed: str = ""
    """ISO 8601 in UTC."""
    visible_from: int = 0
    """The number of the request from which others can refer to it (`Box.sees`)."""


class Store(Protocol):
    """Everything that is kept. Ids and types are compared without regard to case."""

    def get(self, id: str) -> Stored | None: ...
    def put(
        self, id: str, type: str, body: Body, *, notes: Body | None = None, hidden_for: int = 0
    ) -> Stored:
        """Makes or replaces. `created` and the spelling of the id stay those of the first time; `notes` None keeps
        those that are there. `hidden_for`: requests during which a new object cannot be referred to."""
        ...

    def delete(self, id: str) -> bool:
        """The object and everything whose id lies below it."""
        ...

    def of_type(self, type: str, scope: str = "", after: str = "") -> Iterator[Stored]:
        """Objects of a type whose id is `scope` or lies below it (empty = all), by id; `after`: those behind this
        id. What is written while it is read may or may not be met."""
        ...

    def below(self, scope: str, after: str = "") -> Iterator[Stored]:
        """All objects whose id lies below a scope (not the scope itself), by id; `after` as for `of_type`."""
        ...

    def count(self, type: str, scope: str = "") -> int:
        """How many objects `of_type` would give."""
        ...

    def has(self, id: str) -> bool:
        """Whether there is an object of this id; cheaper than reading it."""
        ...

    def note(self, key: str) -> Json:
        """A small value by key; None = none."""
        ...

    def set_note(self, key: str, value: Json) -> None:
        """None forgets it."""
        ...

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """A query over a provider's own tables (`Provider.schema`)."""
        ...

    def run(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """A change in a provider's own tables; the number of rows it touched."""
        ...

    def run_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None: ...


class Principal(Struct, frozen=True):
    """Who asks: from the claims of the token, which is not verified."""

    object_id: str
    tenant_id: str
    app_id: str = ""


class Settings(Struct, frozen=True):
    """What the one who starts a sandbox decides."""

    tenant_id: str = "00000000-0000-0000-0000-0000000000aa"
    replication: int = 0
    """Requests during which a new principal or definition cannot be referred to."""
    retry_after_ms: int = 0
    """What waiting clients are told, milliseconds; 0 = nothing, they poll at their own pace."""
    scan_delay: float = 900.0
    """Seconds of the clock after which changes show in policy states without a trigger."""
    steps: int = 1
    """Requests that a long operation takes at least, before the first thing happens."""
    page_size: int = 1000
    """Rows of a page of policy states and Resource Graph; lists of ARM have 200."""
    aliases: AliasTable | None = None
    """Where aliases of policies lead; None = as those that ship with the policies do, and others by their names."""


class Operation(Struct, frozen=True):
    """Long-running work. `state` is what its kind keeps between steps."""

    id: str
    kind: str
    subject: str
    """The id of what it works on."""
    state: Body
    status: str
    """Running | Succeeded | Failed | Canceled"""
    error: Body | None = None
    result: Json = None
    """What the status monitor gives as `properties` at the end, or the body behind `Location`."""
    started: str = ""
    ended: str = ""
    principal: Principal | None = None


class Step(Struct, frozen=True):
    """What one step of an operation led to."""

    state: Body
    status: str = "Running"
    error: Body | None = None
    result: Json = None


StepFunction: TypeAlias = "Callable[[Box, Operation], Step]"


class Box(Protocol):
    """The sandbox as its providers see it: one request at a time, in one transaction."""

    @property
    def store(self) -> Store: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def ticks(self) -> int:
        """The number of this request, from 1."""
        ...

    def now(self) -> datetime: ...
    def stamp(self) -> str:
        """The time as Azure writes it: `2026-11-20T06:00:00.0000000Z`."""
        ...

    def new_guid(self) -> str: ...
    def sees(self, id: str) -> Stored | None:
        """An object that may be referred to: None while it is not replicated yet."""
        ...

    def call(
        self,
        method: str,
        id: str,
        *,
        api_version: str,
        body: Json = None,
        query: Mapping[str, str] | None = None,
        principal: Principal | None = None,
        tracking: str = "",
    ) -> Response:
        """A request of the sandbox to itself, as a deployment makes them: the same routes, the same refusals (an
        answer of 4xx, with everything undone), no misbehaviour. `tracking`: the id of the deployment that asks."""
        ...

    def start(
        self,
        kind: str,
        subject: str,
        state: Body,
        *,
        principal: Principal | None = None,
        id: str = "",
    ) -> Operation:
        """Begins long-running work; its first step comes with a later request."""
        ...

    def operation(self, id: str) -> Operation | None: ...
    def running(self, subject: str) -> tuple[Operation, ...]:
        """The work under way on a subject."""
        ...

    def cancel(self, id: str) -> None:
        """Ends it as Canceled; its kind's next step does not come."""
        ...


class Call(Struct, frozen=True):
    """A request on its way through a route."""

    box: Box
    request: Request
    values: Mapping[str, str]
    """What stood in the braces of the route's pattern, as it was written. `{scope}` starts with `/`, or is empty for
    the tenant."""
    principal: Principal
    tracking: str = ""
    """The id of the deployment on whose behalf it is made."""

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query

    @property
    def id(self) -> str:
        """The path: the id of what is asked for."""
        return self.request.path

    def body(self) -> Body:
        """The body, an object. Raises `Refusal` (400 InvalidRequestContent) for anything else."""
        try:
            found = loads(self.request.body)
        except orjson.JSONDecodeError as fault:
            raise Refusal(
                400,
                "InvalidRequestContent",
                f"The request content was invalid and could not be deserialized: '{fault}'.",
            ) from fault
        if not isinstance(found, dict):
            raise Refusal(400, "InvalidRequestContent", "The request content must be a JSON object.")
        return found

    def link(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """An absolute URL of this sandbox, with the request's API version unless `query` gives one."""
        from_query = {"api-version": self.request.api_version, **(query or {})}
        text = "&".join(f"{name}={_quoted(value)}" for name, value in from_query.items() if value)
        return f"{self.request.origin}{path}" + (f"?{text}" if text else "")


Handler: TypeAlias = "Callable[[Call], Response]"


class Route(Struct, frozen=True):
    """`pattern` has segments, `{name}` for one and `{name*}` for any number of them, also none:
    `{scope*}/providers/Microsoft.Authorization/locks/{lock}`. Fixed segments match without regard to case."""

    method: str
    pattern: str
    handler: Handler


class Provider(Struct, frozen=True):
    """What one resource provider brings along."""

    namespace: str
    routes: tuple[Route, ...] = ()
    operations: Mapping[str, StepFunction] = field(default_factory=dict)
    """Kinds of long-running work. A step may raise `Refusal`: the operation then fails with that error."""
    schema: tuple[str, ...] = ()
    """Statements that make the tables of its own, `CREATE … IF NOT EXISTS`."""
    tick: Callable[[Box], None] | None = None
    """Called once a request, before it is answered and after operations have moved."""


def _quoted(value: str) -> str:
    return quote(value, safe="$,:/")
