"""The sandbox itself: takes a request, moves time by one step, finds the route, answers.

One lock and one transaction a request. Whatever a refused request wrote is undone; what time moved stays.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import orjson

from blueprinter.document import Json
from blueprinter.sandbox.addresses import check_address
from blueprinter.sandbox.identity import ANY_APP, ANYONE, principal_of
from blueprinter.sandbox.marking import marked
from blueprinter.sandbox.misbehaviour import Misbehaviour, Rule, answer_of, carries_out
from blueprinter.sandbox.model import (
    Body,
    Box,
    Call,
    Operation,
    Principal,
    Provider,
    Refusal,
    Request,
    Response,
    Settings,
    StepFunction,
    Stored,
)
from blueprinter.sandbox.operations import OperationTable
from blueprinter.sandbox.providers import PROVIDERS
from blueprinter.sandbox.routing import Matched, Router
from blueprinter.sandbox.seeding import seed_tenant
from blueprinter.sandbox.store import SqliteStore, open_database

ORIGIN = "https://management.azure.com"
"""What links lead to when no request from outside has come yet."""


class Sandbox:
    """An Azure in this process. `handle` may be called from any thread; requests are answered one at a time.

    It is also the `Box` that providers see.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        settings: Settings,
        clock: Callable[[], datetime],
        seed: int,
        providers: Sequence[Provider],
        misbehaviour: Sequence[Rule] = (),
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._clock = clock
        self._seed = seed
        self._providers = providers
        self._lock = threading.RLock()
        self._ticks = 0
        self._guids = 0
        self._now: datetime | None = None
        self._origin = ORIGIN
        self._store = SqliteStore(connection, self.stamp, lambda: self._ticks)
        self._operations = OperationTable(connection)
        self._misbehaviour = Misbehaviour(misbehaviour, seed)
        if self._misbehaviour.hides:
            self._store.hidden_for = self._misbehaviour.hidden_for
        self._router = Router(route for provider in providers for route in provider.routes)
        self._steps: dict[str, StepFunction] = {
            kind: step for provider in providers for kind, step in provider.operations.items()
        }
        self._tickers = tuple(provider.tick for provider in providers if provider.tick is not None)
        self._closed = False
        self._resume()

    # --- from outside

    def handle(self, request: Request) -> Response:
        """Answers a request. Raises `ConnectionLost` where a rule of misbehaviour keeps the answer back."""
        with self._lock:
            return self._handle(request)

    def respond(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        """`handle` for transports within this process, which know no `Request`. Names of `headers` are lower case."""
        return self.handle(Request(method, url, headers, body))

    def _handle(self, request: Request) -> Response:
        fate = self._misbehaviour.fate(request)
        answer = Response.empty()
        with self._transaction():
            self._ticks += 1
            self._origin = request.origin
            self._advance()
            if fate is None or carries_out(fate):
                answer = self._admit(request)
        if fate is not None:
            answer = answer_of(fate, request.path, self.stamp())
        answer = marked(answer, request, f"{self._seed}:{self._ticks}")
        return _without_body(answer) if request.method == "HEAD" else answer

    def tick(self) -> None:
        """Moves all work under way by a step, as a request would, without one: for a server that nobody asks."""
        with self._lock, self._transaction():
            self._advance()

    @contextmanager
    def open_box(self) -> Iterator[Box]:
        """The sandbox from within, in one transaction: for loading and for tests."""
        with self._lock, self._transaction():
            yield self

    def close(self) -> None:
        """Ends the sandbox; the state file can be opened by another."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._keep_counters()
            self._connection.close()

    def snapshot(self) -> bytes:
        """All that a sandbox in memory holds, for `restore`. What its misbehaviour has drawn so far is not in it."""
        with self._lock:
            self._keep_counters()
            return self._connection.serialize()

    def restore(self, snapshot: bytes) -> None:
        """Holds what another sandbox, or this one, held at a `snapshot`, and nothing else."""
        with self._lock, closing(sqlite3.connect(":memory:")) as kept:
            kept.deserialize(snapshot)
            kept.backup(self._connection)
            self._resume()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, found: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- transactions

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._now = self._clock()
        before = self._connection.total_changes
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            if self._connection.total_changes != before:
                self._keep_counters()
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _keep_counters(self) -> None:
        """Only with a change: a number that nothing was written under need not survive."""
        self._store.set_note("counters", {"ticks": self._ticks, "guids": self._guids})

    def _resume(self) -> None:
        found = self._store.note("counters")
        if isinstance(found, dict):
            ticks, guids = found.get("ticks"), found.get("guids")
            self._ticks = ticks if isinstance(ticks, int) else 0
            self._guids = guids if isinstance(guids, int) else 0

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        """What is written inside is undone where a `Refusal` leaves it."""
        self._connection.execute("SAVEPOINT attempt")
        try:
            yield
        except Refusal:
            self._connection.execute("ROLLBACK TO attempt")
            self._connection.execute("RELEASE attempt")
            raise
        self._connection.execute("RELEASE attempt")

    # --- one request

    def _admit(self, request: Request) -> Response:
        """Answers a request from outside: what no route would see is looked at here."""
        try:
            check_address(request)
        except Refusal as refusal:
            return Response.of({"error": refusal.error()}, refusal.status, refusal.headers)
        principal = principal_of(request.headers.get("authorization", ""), self._settings)
        return self._attempt(request, principal, "")

    def _attempt(self, request: Request, principal: Principal, tracking: str) -> Response:
        try:
            with self._savepoint():
                return self._route(request, principal, tracking)
        except Refusal as refusal:
            return Response.of({"error": refusal.error()}, refusal.status, refusal.headers)

    def _route(self, request: Request, principal: Principal, tracking: str) -> Response:
        path = request.path
        found = self._router.find(request.method, path)
        if isinstance(found, Matched):
            return found.handler(Call(self, request, found.values, principal, tracking))
        raise _no_route(request.method, path, found)

    # --- time

    def _advance(self) -> None:
        for id, wait, breaks in self._operations.due():
            if wait > 0:
                self._operations.set_wait(id, wait - 1)
            elif self._operations.is_running(id):
                self._move(id, breaks)
        for ticker in self._tickers:
            ticker(self)

    def _move(self, id: str, breaks: int) -> None:
        operation = self._operations.get(id)
        if operation is None:
            return
        try:
            with self._savepoint():
                if breaks == 0:
                    raise Refusal(500, "InternalServerError", "The server encountered an internal error.")
                moved = self._step_of(operation)(self, operation)
        except Refusal as refusal:
            self._operations.update(
                id,
                status="Failed",
                state=operation.state,
                breaks=breaks,
                error=refusal.error(),
                result=None,
                ended=self.stamp(),
            )
            return
        if self._operations.is_running(id):
            self._operations.update(
                id,
                status=moved.status,
                state=moved.state,
                breaks=max(breaks - 1, -1),
                error=moved.error,
                result=moved.result,
                ended="" if moved.status == "Running" else self.stamp(),
            )

    def _step_of(self, operation: Operation) -> StepFunction:
        """A state file may hold work of a kind that this sandbox no longer knows."""
        found = self._steps.get(operation.kind)
        if found is None:
            raise Refusal(500, "InternalServerError", f"There is no work of the kind '{operation.kind}'.")
        return found

    # --- the box

    @property
    def store(self) -> SqliteStore:
        return self._store

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def ticks(self) -> int:
        return self._ticks

    def now(self) -> datetime:
        """The time at which the request came."""
        return self._now if self._now is not None else self._clock()

    def stamp(self) -> str:
        now = self.now()
        return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond:06d}0Z"

    def new_guid(self) -> str:
        self._guids += 1
        digest = hashlib.sha256(f"{self._seed}:{self._guids}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    def sees(self, id: str) -> Stored | None:
        found = self._store.get(id)
        return found if found is not None and found.visible_from <= self._ticks else None

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
        pairs = {"api-version": api_version, **(query or {})}
        text = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs.items() if value)
        request = Request(
            method,
            f"{self._origin}{quote(id)}?{text}",
            {"content-type": "application/json"},
            b"" if body is None else orjson.dumps(body),
        )
        who = principal or Principal(ANYONE, self._settings.tenant_id, ANY_APP)
        return self._attempt(request, who, tracking)

    def start(
        self,
        kind: str,
        subject: str,
        state: Body,
        *,
        principal: Principal | None = None,
        id: str = "",
    ) -> Operation:
        operation = Operation(
            id or self.new_guid(), kind, subject, state, "Running", started=self.stamp(), principal=principal
        )
        wait, breaks = self._misbehaviour.work(kind, subject)
        self._operations.add(operation, wait=max(self._settings.steps - 1, 0) + wait, breaks=breaks)
        return operation

    def operation(self, id: str) -> Operation | None:
        return self._operations.get(id)

    def running(self, subject: str) -> tuple[Operation, ...]:
        return self._operations.running(subject)

    def cancel(self, id: str) -> None:
        self._operations.cancel(id, self.stamp())


def open_sandbox(
    state: Path | None = None,
    *,
    settings: Settings | None = None,
    clock: Callable[[], datetime],
    seed: int = 0,
    subscriptions: Sequence[str] = (),
    misbehaviour: Sequence[Rule] = (),
    providers: Sequence[Provider] = PROVIDERS,
) -> Sandbox:
    """A sandbox in memory, or one whose state is a file (made where there is none).

    `clock` gives the time in UTC; `subscriptions` are ids or names of subscriptions that are to exist (none given:
    one, in a new sandbox). Raises `InvalidInput` (BP7xx) for a file that is in use or no state of a sandbox.
    """
    found = settings or Settings()
    connection = open_database(state, [line for provider in providers for line in provider.schema])
    sandbox = Sandbox(
        connection,
        settings=found,
        clock=clock,
        seed=seed,
        providers=providers,
        misbehaviour=misbehaviour,
    )
    with sandbox.open_box() as box:
        seed_tenant(box, subscriptions)
    return sandbox


def _no_route(method: str, path: str, methods: frozenset[str]) -> Refusal:
    if methods:
        what = path.rsplit("/", 1)[1]
        return Refusal(
            405,
            "HttpMethodNotSupported",
            f"The http method '{method}' is not supported for '{what}'.",
            headers={"Allow": ", ".join(sorted(methods))},
        )
    return Refusal(404, "InvalidResourceType", f"The path '{path}' does not name a resource type.")


def _without_body(answer: Response) -> Response:
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    return Response(answer.status, headers)
