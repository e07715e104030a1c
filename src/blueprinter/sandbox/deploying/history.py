"""What a deployment did: its operations, kept in a table of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import orjson

from blueprinter.casing import fold
from blueprinter.document import Json
from blueprinter.sandbox.model import Body, Box

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS deployment_operations (deployment TEXT NOT NULL, operation TEXT NOT NULL, "
    "position INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (deployment, operation)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS deployments_running (operation TEXT PRIMARY KEY, deployment TEXT NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS deployment_secrets (operation TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
)


def key_for(operation: str, id: str) -> str:
    """The id of the operation that makes a resource, in the form that Azure gives it."""
    return hashlib.sha256(f"{operation}\n{fold(id)}".encode()).hexdigest()[:16].upper()


def record(box: Box, deployment: str, key: str, position: int, properties: Body) -> None:
    """Makes or replaces the entry of an operation."""
    body: Body = {"id": f"{deployment}/operations/{key}", "operationId": key, "properties": properties}
    box.store.run(
        "INSERT INTO deployment_operations (deployment, operation, position, body) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (deployment, operation) DO UPDATE SET position = excluded.position, body = excluded.body",
        (fold(deployment), key, position, orjson.dumps(body)),
    )


def entries(box: Box, deployment: str) -> Iterator[Body]:
    """The entries of a deployment, in the order of its resources."""
    rows = box.store.rows(
        "SELECT body FROM deployment_operations WHERE deployment = ? ORDER BY position, operation",
        (fold(deployment),),
    )
    for (body,) in rows:
        yield orjson.loads(body)


def entry(box: Box, deployment: str, key: str) -> Body | None:
    rows = box.store.rows(
        "SELECT body FROM deployment_operations WHERE deployment = ? AND operation = ?",
        (fold(deployment), key.upper()),
    )
    found = next(iter(rows), None)
    return None if found is None else orjson.loads(found[0])


def forget(box: Box, deployment: str) -> None:
    box.store.run("DELETE FROM deployment_operations WHERE deployment = ?", (fold(deployment),))


def set_running(box: Box, operation: str, deployment: str, secrets: Mapping[str, Json]) -> None:
    """Notes that a deployment is under way; its secure parameters are kept until it ends and no longer."""
    if secrets:
        box.store.run(
            "INSERT INTO deployment_secrets (operation, body) VALUES (?, ?)",
            (operation, orjson.dumps(dict(secrets))),
        )
    box.store.run(
        "INSERT INTO deployments_running (operation, deployment) VALUES (?, ?)", (operation, deployment)
    )


def secrets_of(box: Box, operation: str) -> Mapping[str, Json]:
    rows = box.store.rows("SELECT body FROM deployment_secrets WHERE operation = ?", (operation,))
    found = next(iter(rows), None)
    return {} if found is None else orjson.loads(found[0])


def unset_running(box: Box, operation: str) -> None:
    box.store.run("DELETE FROM deployment_secrets WHERE operation = ?", (operation,))
    box.store.run("DELETE FROM deployments_running WHERE operation = ?", (operation,))


def running(box: Box) -> list[tuple[str, str]]:
    """Operation and deployment of all that are under way."""
    rows = box.store.rows("SELECT operation, deployment FROM deployments_running ORDER BY operation")
    return [(row[0], row[1]) for row in rows]
