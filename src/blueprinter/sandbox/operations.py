"""Long-running work: how it is kept, and how Azure answers those who wait for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from blueprinter.casing import fold
from blueprinter.document import Json
from blueprinter.sandbox.model import Body, Call, Operation, Principal, Refusal, Response, Settings

COLUMNS = "id, kind, subject, state, status, error, result, started, ended, principal"


class OperationTable:
    """The operations of one database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, operation: Operation, wait: int, breaks: int) -> None:
        """`wait`: requests before its first step. `breaks`: steps after which it fails, -1 = it does not."""
        self._connection.execute(
            "INSERT INTO operations (id, number, kind, subject, subject_key, status, wait, breaks, state, error, "
            "result, started, ended, principal) VALUES (?, (SELECT COALESCE(MAX(number), 0) + 1 FROM operations), "
            "?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, '', ?)",
            (
                operation.id,
                operation.kind,
                operation.subject,
                fold(operation.subject.rstrip("/")),
                operation.status,
                wait,
                breaks,
                orjson.dumps(operation.state),
                operation.started,
                _principal_bytes(operation.principal),
            ),
        )

    def get(self, id: str) -> Operation | None:
        row = self._connection.execute(f"SELECT {COLUMNS} FROM operations WHERE id = ?", (id,)).fetchone()
        return None if row is None else _operation(row)

    def running(self, subject: str) -> tuple[Operation, ...]:
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM operations WHERE subject_key = ? AND status = 'Running' ORDER BY number",
            (fold(subject.rstrip("/")),),
        )
        return tuple(_operation(row) for row in rows.fetchall())

    def due(self) -> list[tuple[str, int, int]]:
        """Those under way, oldest first: id, requests still to wait, steps until it breaks."""
        return self._connection.execute(
            "SELECT id, wait, breaks FROM operations WHERE status = 'Running' ORDER BY number"
        ).fetchall()

    def is_running(self, id: str) -> bool:
        row = self._connection.execute("SELECT status FROM operations WHERE id = ?", (id,)).fetchone()
        return row is not None and row[0] == "Running"

    def set_wait(self, id: str, wait: int) -> None:
        self._connection.execute("UPDATE operations SET wait = ? WHERE id = ?", (wait, id))

    def update(
        self,
        id: str,
        *,
        status: str,
        state: Body,
        breaks: int,
        error: Body | None,
        result: Json,
        ended: str,
    ) -> None:
        self._connection.execute(
            "UPDATE operations SET status = ?, state = ?, breaks = ?, error = ?, result = ?, ended = ? WHERE id = ?",
            (
                status,
                orjson.dumps(state),
                breaks,
                None if error is None else orjson.dumps(error),
                None if result is None else orjson.dumps(result),
                ended,
                id,
            ),
        )

    def cancel(self, id: str, ended: str) -> None:
        self._connection.execute(
            "UPDATE operations SET status = 'Canceled', ended = ? WHERE id = ? AND status = 'Running'",
            (ended, id),
        )


def _operation(row: tuple[Any, ...]) -> Operation:
    return Operation(
        row[0],
        row[1],
        row[2],
        orjson.loads(row[3]),
        row[4],
        None if row[5] is None else orjson.loads(row[5]),
        None if row[6] is None else orjson.loads(row[6]),
        row[7],
        row[8],
        None if row[9] is None else Principal(*orjson.loads(row[9])),
    )


def _principal_bytes(principal: Principal | None) -> bytes | None:
    if principal is None:
        return None
    return orjson.dumps([principal.object_id, principal.tenant_id, principal.app_id])


def retry_headers(settings: Settings) -> dict[str, str]:
    """How soon a waiting client is to ask again; nothing where the settings leave it to the client.

    `Retry-After` counts whole seconds and clients take 0 for "not said", so the millisecond form is sent.
    """
    return {"retry-after-ms": str(settings.retry_after_ms)} if settings.retry_after_ms > 0 else {}


def result_path(subscription_id: str, operation_id: str) -> str:
    """Where the outcome of work in a subscription is asked for."""
    return f"/subscriptions/{subscription_id}/operationresults/{operation_id}"


def accepted(call: Call, path: str, *, body: Json = None, status: int = 202) -> Response:
    """The answer `202` with a `Location` to ask at."""
    headers = {"Location": call.link(path), **retry_headers(call.box.settings)}
    if body is None:
        return Response.empty(status, headers)
    return Response.of(body, status, headers)


def location_answer(call: Call, operation: Operation | None) -> Response:
    """What stands behind a `Location`: 202 while it lasts, then the result, or the error.

    Without a result the answer is empty: 204, or the status that the state has as `emptyStatus`.
    """
    if operation is None:
        raise Refusal(404, "OperationNotFound", f"The operation '{call.id}' could not be found.")
    if operation.status == "Running":
        return accepted(call, call.id)
    if operation.error is not None:
        return Response.of({"error": operation.error}, _status_of(operation.error))
    if operation.result is None:
        return Response.empty(operation.state.get("emptyStatus", 204))
    return Response.of(operation.result)


def status_answer(
    call: Call, operation: Operation | None, *, names: Mapping[str, str] | None = None
) -> Response:
    """What stands behind an `Azure-AsyncOperation`: always 200, with the status in the body. `names` respells
    statuses, as some providers do."""
    if operation is None:
        raise Refusal(404, "OperationNotFound", f"The operation '{call.id}' could not be found.")
    body: Body = {"status": (names or {}).get(operation.status, operation.status)}
    if operation.error is not None:
        body["error"] = operation.error
    if operation.result is not None:
        body["properties"] = operation.result
    return Response.of(body, 200, retry_headers(call.box.settings) if operation.status == "Running" else None)


def _status_of(error: Body) -> int:
    """Conflicts are what work that began well mostly fails with; Azure gives the status of the inner refusal."""
    status = error.get("status")
    return status if isinstance(status, int) else 409
