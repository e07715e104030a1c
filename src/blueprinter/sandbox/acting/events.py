"""Policy events: what policies found when a resource was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from blueprinter.arm import Resource
from blueprinter.casing import fold
from blueprinter.sandbox.acting.in_force import InForce
from blueprinter.sandbox.acting.judging import Verdict
from blueprinter.sandbox.acting.rows import policy_columns, resource_columns, state_row
from blueprinter.sandbox.model import Body, Box, Principal

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS policy_events (stamp TEXT NOT NULL, resource TEXT NOT NULL, body BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS policy_events_by_stamp ON policy_events (stamp)",
)


def record(
    box: Box,
    force: InForce,
    found: Sequence[Verdict],
    resource: Resource,
    groups: tuple[str, ...],
    who: Principal,
) -> None:
    """Keeps what policies found on a resource that was just written."""
    about, stamp = resource_columns(resource, groups), box.stamp()
    rows = []
    for verdict in found:
        columns = policy_columns(force.member(verdict.assigned))
        row = state_row(columns, about, str(verdict.state), verdict.effect, stamp)
        row.update(tenantId=who.tenant_id, principalOid=who.object_id, components=None)
        rows.append((stamp, fold(resource.id), orjson.dumps(row)))
    box.store.run_many("INSERT INTO policy_events (stamp, resource, body) VALUES (?, ?, ?)", rows)


def events_between(box: Box, since: str, until: str) -> Iterator[Body]:
    """Events of a span of time, oldest first."""
    sql = "SELECT body FROM policy_events WHERE stamp >= ? AND stamp <= ? ORDER BY stamp, rowid"
    for (body,) in box.store.rows(sql, (since, until)):
        yield orjson.loads(body)
