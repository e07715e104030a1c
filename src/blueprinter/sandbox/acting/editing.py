"""append and modify: what the details of the two effects do to the body of a request.

Sources: Microsoft Learn, "Azure Policy definitions append effect" and "Azure Policy definitions modify effect",
sections on operations and on `conflictEffect`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from msgspec import Struct

from blueprinter.arm import Unknown, policy_equal
from blueprinter.casing import fold, get, key_of, same
from blueprinter.policy import AliasTable, PolicyState
from blueprinter.sandbox.model import Body

_EACH = object()
"""The step `[*]` of a path."""

_TAG = re.compile(
    r"tags(?:\.(?P<plain>.+)|\[\s*(?P<quote>['\"]?)(?P<inner>.*?)(?P=quote)\s*\])\Z", re.IGNORECASE
)
_AT_ROOT = ("location", "kind", "name", "type", "identity", "sku")


class Change(Struct, frozen=True, eq=False):
    """One thing that a policy does to a body."""

    state: PolicyState
    field: str
    operation: str
    """append | add | addOrReplace | remove, folded."""
    value: Any
    insists: bool
    """A conflict refuses the request: append, and modify with `conflictEffect` deny (the default)."""


class Edited(Struct, frozen=True, eq=False):
    """The body after all changes that could be made."""

    body: Body
    refused: tuple[PolicyState, ...]
    """Policies whose change was not possible and that refuse the request then."""
    made: tuple[PolicyState, ...]


def changes_of(state: PolicyState) -> Iterator[Change]:
    """What the details of a state ask for. Values that nobody knows here are left out."""
    details = state.details
    if isinstance(details, tuple):
        for item in details:
            if isinstance(item, dict) and not isinstance(item.get("value"), Unknown):
                yield Change(state, str(item.get("field", "")), "append", item.get("value"), True)
    elif isinstance(details, Mapping):
        stated = get(details, "conflictEffect")
        insists = not isinstance(stated, str) or same(stated, "deny")
        listed = get(details, "operations")
        for item in listed if isinstance(listed, list) else []:
            if isinstance(item, dict) and not isinstance(item.get("value"), Unknown):
                kind = fold(str(item.get("operation", "")))
                yield Change(state, str(item.get("field", "")), kind, item.get("value"), insists)


def edit(
    body: Body, states: Sequence[PolicyState], aliases: AliasTable, type: str, api_version: str
) -> Edited:
    """The body as policies leave it. Where several want different values in one place, those that insist win over
    those that do not; two that insist refuse the request."""
    found = copy.deepcopy(body)
    changes = [change for state in states for change in changes_of(state)]
    kept, refused = _without_conflicts(changes)
    made: list[PolicyState] = []
    for change in kept:
        if change.state in refused:
            continue
        path = path_of(change.field, aliases, type, api_version)
        possible = path is not None and _apply(found, path, change)
        if possible:
            made.append(change.state)
        elif change.insists:
            refused.append(change.state)
    return Edited(found, tuple(dict.fromkeys(refused)), tuple(dict.fromkeys(made)))


def _without_conflicts(changes: Sequence[Change]) -> tuple[list[Change], list[PolicyState]]:
    kept: list[Change] = []
    refused: list[PolicyState] = []
    for change in changes:
        others = [other for other in changes if _contradicts(change, other)]
        if not others:
            kept.append(change)
        elif change.insists and any(other.insists for other in others):
            refused.append(change.state)
        elif change.insists:
            kept.append(change)
    return kept, refused


def _contradicts(one: Change, other: Change) -> bool:
    if one.state is other.state or _place(one.field) != _place(other.field) or one.field.endswith("[*]"):
        return False
    if (one.operation == "remove") is not (other.operation == "remove"):
        return True
    return one.operation != "remove" and policy_equal(one.value, other.value) is False


def _place(field: str) -> str:
    tag = _TAG.match(field)
    return f"tags[{fold(tag['plain'] or tag['inner'] or '')}]" if tag else fold(field)


def path_of(field: str, aliases: AliasTable, type: str, api_version: str) -> tuple[Any, ...] | None:
    """Where a field stands in a body; None where policies may not write there."""
    tag = _TAG.match(field)
    if tag:
        return ("tags", (tag["plain"] or tag["inner"] or "").replace("''", "'"))
    first = fold(re.split(r"[.\[]", field, maxsplit=1)[0])
    if first in _AT_ROOT or first == "tags":
        return tuple(re.split(r"\.", field))
    found = aliases.resolve(type, field, api_version)
    if found is None or found.modifiable is False:
        return None
    return tuple(_EACH if isinstance(step, Enum) else step for step in found.steps)


def _apply(body: Any, path: tuple[Any, ...], change: Change) -> bool:
    """Makes a change below a value; False where what is there does not let it."""
    if len(path) == 1:
        return _change(body, path[0], change)
    step, rest = path[0], path[1:]
    if rest == (_EACH,):
        return _change_elements(body, step, change)
    if step is _EACH:
        return isinstance(body, list) and all(_apply(item, rest, change) for item in body)
    if isinstance(body, list):
        return isinstance(step, int) and step < len(body) and _apply(body[step], rest, change)
    if not isinstance(body, dict):
        return False
    key = key_of(body, str(step)) or str(step)
    if body.get(key) is None:
        if change.operation == "remove":
            return True
        if rest[0] is _EACH:
            return True  # there is no element to change
        body[key] = {}
    return _apply(body[key], rest, change)


def _change(body: Any, step: Any, change: Change) -> bool:
    if not isinstance(body, dict):
        return False
    key = key_of(body, str(step))
    there = body.get(key) if key is not None else None
    if change.operation == "remove":
        if key is not None:
            del body[key]
        return True
    if change.operation == "append" and there is not None:
        # append never replaces: another value there makes it refuse the request
        return policy_equal(there, change.value) is True
    if change.operation == "add" and there is not None:
        return True
    body[key or str(step)] = copy.deepcopy(change.value)
    return True


def _change_elements(body: Any, step: Any, change: Change) -> bool:
    """Adds an element to an array, or takes those that are equal out of it."""
    if not isinstance(body, dict):
        return False
    key = key_of(body, str(step)) or str(step)
    there = body.get(key)
    if there is None:
        there = []
    if not isinstance(there, list):
        return False
    if change.operation == "remove":
        body[key] = [item for item in there if policy_equal(item, change.value) is not True]
        return True
    values = (
        change.value if isinstance(change.value, list) and change.operation == "append" else [change.value]
    )
    missing = [value for value in values if not any(policy_equal(item, value) is True for item in there)]
    body[key] = [*there, *copy.deepcopy(missing)]
    return True
