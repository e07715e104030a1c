"""How assignments stand, for people and machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from blueprinter.cli.rings import RingStatus
from blueprinter.deploy import (
    Drifted,
    Left,
    Residue,
    StackStatus,
    Status,
    kinds_counted,
    named,
    short_id,
)
from blueprinter.text import for_terminal, plural

_LISTED, _DRIFTED = 10, 30


def stack_lines(one: StackStatus, verbose: bool) -> Iterator[str]:
    """A stack: its state, its content, what failed, its locks."""
    what = named(one.blueprint, one.version, one.content) + (f", ring {one.ring}" if one.ring else "")
    yield f"{one.state:<10} {one.id.rpartition('/')[2]}: {for_terminal(what)}, {plural(one.resources, 'resource')}"
    if one.error:
        yield f"  {for_terminal(one.error)}"
    for id, why in one.failed:
        yield f"  failed {for_terminal(id)}: {for_terminal(why)}"
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
        "ring": one.ring or None,
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
    yield from left_lines(one.left, one.scope, verbose)


def status_json(one: Status) -> dict[str, Any]:
    return {
        **drift_json(one),
        "stacks": [stack_json(stack) for stack in one.stacks],
        "remediations": [{"id": id, "state": state} for id, state in one.remediations],
        "left": [
            {"id": row.id, "type": row.type, "kind": row.kind, "acts": row.acts or None} for row in one.left
        ],
    }


def ring_lines(name: str, rings: Iterable[RingStatus]) -> Iterator[str]:
    """The rings of an assignment: how many scopes are in each, and what holds the next one."""
    yield f"{for_terminal(name)}: rings"
    for one in rings:
        mode = "" if one.enforced else ", not enforced"
        yield f"  {for_terminal(one.name)}{mode}: {one.entered} of {plural(one.scopes, 'scope')}"
        if one.gate is not None:
            verb = "may be let in" if one.gate.holds else "not let in"
            yield f"    {verb}: {for_terminal('; '.join(one.gate.reasons))}"
            if one.gate.hint:
                yield f"    {for_terminal(one.gate.hint)}"


def ring_json(one: RingStatus) -> dict[str, Any]:
    gate = None
    if one.gate is not None:
        gate = {"holds": one.gate.holds, "reasons": list(one.gate.reasons), "hint": one.gate.hint or None}
    return {
        "name": one.name,
        "enforced": one.enforced,
        "scopes": one.scopes,
        "entered": one.entered,
        "gate": gate,
    }


def left_lines(rows: Sequence[Left], scope: str, verbose: bool) -> Iterator[str]:
    """What is left over, by kind: what still acts first, and no more than fits a screen unless all is asked for."""
    for kind in Residue:
        own = sorted((one for one in rows if one.kind is kind), key=lambda one: (not one.acts, one.id))
        if not own:
            continue
        how = "--prune" if kind is Residue.GOVERNANCE else "only `unassign --delete-resources`"
        yield f"  {kind} left over, which {how} deletes: {kinds_counted(one.type for one in own)}"
        shown = own if verbose else own[:_LISTED]
        for one in shown:
            acts = f"  its effect {one.acts} goes on" if one.acts else ""
            yield f"    {for_terminal(one.id if verbose else short_id(one.id, scope))}{acts}"
        if len(own) > len(shown):
            yield f"    and {len(own) - len(shown):,} more; -v lists all"


def drift_lines(one: Status, verbose: bool) -> Iterator[str]:
    """How much is not as it was assigned, then each object, no more than fits a screen unless all is asked for."""
    counts = Counter(row.what for row in one.drifted)
    summed = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
    yield f"{one.assignment} on {one.scope}: {summed or 'no drift'}"
    shown = one.drifted if verbose else one.drifted[:_DRIFTED]
    for row in shown:
        yield f"  {row.what:<8} {for_terminal(row.id if verbose else short_id(row.id, one.scope))}{_tail(row)}"
    if len(one.drifted) > len(shown):
        yield f"  and {len(one.drifted) - len(shown):,} more; -v lists all"
    left_out = one.not_compared if verbose else one.not_compared[:_DRIFTED]
    for skipped in left_out:
        what = f"{', '.join(skipped.paths)}: {skipped.why}" if skipped.paths else skipped.why
        id = skipped.id if verbose else short_id(skipped.id, one.scope)
        yield f"  not compared {for_terminal(id)}  ({for_terminal(what)})"
    if len(one.not_compared) > len(left_out):
        yield f"  and {len(one.not_compared) - len(left_out):,} more not compared; -v lists all"


def drift_json(one: Status) -> dict[str, Any]:
    return {
        "assignment": one.assignment,
        "scope": one.scope,
        "drifted": [
            {"what": row.what, "id": row.id, "type": row.type, "paths": list(row.paths), "note": row.note}
            for row in one.drifted
        ],
        "notCompared": [
            {"id": row.id, "type": row.type, "paths": list(row.paths), "why": row.why}
            for row in one.not_compared
        ],
    }


def _tail(row: Drifted) -> str:
    text = "; ".join(part for part in (", ".join(row.paths), row.note) if part)
    return f"  ({for_terminal(text)})" if text else ""
