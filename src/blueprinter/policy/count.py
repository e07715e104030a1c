"""Counting: the members of an array, of the resource or made by an expression, for which `where` holds.

Sources: Microsoft Learn, "Author policies for array properties on Azure resources" and "Azure Policy
definition structure policy rule", section Count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from blueprinter.arm import ExpressionError, Unknown, Value
from blueprinter.casing import fold
from blueprinter.policy.fields import FieldName, Hit, Path, Wildcard, prefixes
from blueprinter.policy.model import UnsupportedReason
from blueprinter.policy.operators import Absent
from blueprinter.policy.subject import Frame, Subject, Undecidable, bound

MAX_ITERATIONS = 200
"""How many members a value count may look at; one inside another counts once for each member of the other. See
`differences.py`, `iterations-of-value-counts`."""


class Open(NamedTuple):
    """A condition that cannot be decided. `reason` None = evaluating it failed, which is the state Error."""

    reason: UnsupportedReason | None
    detail: str
    path: str = ""


Truth: TypeAlias = "bool | Open"
"""True, false, or not to be decided."""


class Counted(NamedTuple):
    """A number of members, as far as is known: at least `low`, at most `high`."""

    low: int
    high: int
    first: Path = ()
    """Where the first member stands that counts."""
    open: Open | None = None
    """Why a member could not be decided."""
    frame: Frame | None = None
    """The first member that counts, as its `where` sees it."""
    member: Value = None
    """The first member that counts."""


def count_field(
    subject: Subject, name: FieldName, frame: Frame | None, where: Callable[[Frame], Truth] | None
) -> Counted:
    """How many members of an array of the resource `where` holds for; a missing array has none.

    Inside the `where` of an outer count over the same array the field stands for that count's member.
    Raises `Undecidable`.
    """
    owner, fixed = bound(frame, name) or (subject, ())
    found = owner.look(name, fixed)
    if found.unknown is not None:
        raise Undecidable(UnsupportedReason.RUNTIME_VALUE, f"`[{found.unknown.expression}]` is not known yet")
    hits = [hit for hit in found.hits if not isinstance(hit.value, Absent)]
    steps = found.steps
    if not found.many and not name.wildcards and hits and isinstance(hits[0].value, list):
        # an array named without its `[*]`
        steps = (*steps, Wildcard.EACH)
        hits = [Hit(member, (*hits[0].path, at), (at,)) for at, member in enumerate(hits[0].value)]
    if where is None:
        if not hits:
            return Counted(0, 0)
        return Counted(len(hits), len(hits), hits[0].path, member=_value(hits[0]))
    texts = sorted(prefixes(name.text), key=len)
    names = {text: place + 1 for place, text in enumerate(texts)}
    low = high = 0
    first: Path = ()
    undecided: Open | None = None
    match: Frame | None = None
    for hit in hits:
        inner = Frame(frame, owner, names, hit.indexes, _value(hit), steps=steps)
        truth = where(inner)
        if truth is True:
            low, high, first, match = low + 1, high + 1, first or hit.path, match or inner
        elif isinstance(truth, Open):
            high, undecided = high + 1, undecided or truth
            if truth.reason is None:
                return Counted(low, high, first, truth)
    return Counted(low, high, first, undecided, match, match.value if match else None)


def _value(hit: Hit) -> Value:
    return None if isinstance(hit.value, Absent) else hit.value


def count_values(
    value: Value, name: str, frame: Frame | None, where: Callable[[Frame], Truth] | None
) -> Counted:
    """How many members of an array `where` holds for. Raises `ExpressionError` for what is no array, and
    `Undecidable`."""
    if isinstance(value, Unknown):
        raise Undecidable(UnsupportedReason.RUNTIME_VALUE, f"`[{value.expression}]` is not known yet")
    if value is None or value == "":
        value = []
    if not isinstance(value, list):
        raise ExpressionError("the `value` of a count is no array")
    if where is None:
        return Counted(len(value), len(value), member=value[0] if value else None)
    iterations = len(value) * _iterations(frame)
    if iterations > MAX_ITERATIONS:
        detail = f"value counts over {iterations} members, at most {MAX_ITERATIONS} are allowed"
        raise Undecidable(UnsupportedReason.LIMIT, detail)
    low = high = 0
    undecided: Open | None = None
    match: Frame | None = None
    for member in value:
        inner = Frame(frame, None, {fold(name): 0}, (), member, iterations)
        truth = where(inner)
        if truth is True:
            low, high, match = low + 1, high + 1, match or inner
        elif isinstance(truth, Open):
            high, undecided = high + 1, undecided or truth
            if truth.reason is None:
                return Counted(low, high, open=truth)
    return Counted(low, high, open=undecided, frame=match, member=match.value if match else None)


def _iterations(frame: Frame | None) -> int:
    """How many members the value counts around a count look at."""
    while frame is not None and frame.subject is not None:
        frame = frame.parent
    return 1 if frame is None else frame.iterations
