"""How assignments stand, for people and machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from blueprinter.deploy import Drifted, StackStatus, Status, named
from blueprinter.text import for_terminal, plural


def stack_lines(one: StackStatus, verbose: bool) -> Iterator[str]:
    """A stack: its state, its content, what failed, its locks."""
    what = named(one.blueprint, one.version, one.content)
    yield f"{one.state:<10} {one.id.rpartition('/')[2]}: {what}, {plural(one.resources, 'resource')}"
    if one.error:
        yield f"  {for_terminal(one.error)}"
    for id, why in one.failed:
        yield f"  failed {id}: {for_terminal(why)}"
    for state, count in sorted(Counter(lock.status for lock in one.locks).items()):
        if state != "none" or verbose:
            yield f"  lock {state}: {plural(count, 'resource')}"
    if verbose:
        for lock in one.locks:
            yield f"    {lock.status}  {lock.id}"


def stack_json(one: StackStatus) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state,
        "blueprint": one.blueprint,
        "version": one.version,
        "content": one.content,
        "resources": one.resources,
        "failed": [{"id": id, "error": why} for id, why in one.failed],
        "error": one.error or None,
        "locks": [{"id": lock.id, "denyStatus": lock.status} for lock in one.locks],
    }


def status_lines(one: Status, verbose: bool) -> Iterator[str]:
    yield f"{one.assignment} on {one.scope}"
    if not one.stacks:
        yield "  no deployment stack: not assigned, or assigned with --no-stack"
    for stack in one.stacks:
        for line in stack_lines(stack, verbose):
            yield f"  {line}"
    for id, state in one.remediations:
        yield f"  remediation {state}: {id.rpartition('/')[2]}"
    yield f"  drift: {plural(len(one.drifted), 'object')}" if one.drifted else "  drift: none"
    for left in one.left:
        acts = f"  its effect {left.acts} goes on" if left.acts else ""
        yield f"  {left.kind} left over: {left.id}{acts}"


def status_json(one: Status) -> dict[str, Any]:
    return {
        **drift_json(one),
        "stacks": [stack_json(stack) for stack in one.stacks],
        "remediations": [{"id": id, "state": state} for id, state in one.remediations],
        "left": [
            {"id": row.id, "type": row.type, "kind": row.kind, "acts": row.acts or None} for row in one.left
        ],
    }


def drift_lines(one: Status) -> Iterator[str]:
    yield f"{one.assignment} on {one.scope}: " + (
        plural(len(one.drifted), "object") if one.drifted else "no drift"
    )
    for row in one.drifted:
        yield f"  {row.what:<8} {row.id}{_tail(row)}"


def drift_json(one: Status) -> dict[str, Any]:
    return {
        "assignment": one.assignment,
        "scope": one.scope,
        "drifted": [
            {"what": row.what, "id": row.id, "type": row.type, "paths": list(row.paths), "note": row.note}
            for row in one.drifted
        ],
    }


def _tail(row: Drifted) -> str:
    text = "; ".join(part for part in (", ".join(row.paths), row.note) if part)
    return f"  ({text})" if text else ""
