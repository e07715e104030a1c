"""Policies that would write different values to one place of a resource: the state Conflict.

Sources: Microsoft Learn, "Azure Policy definitions modify effect" (`conflictEffect`) and "Azure Policy compliance
states" (two assignments that append the same tag with different values are in conflict).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm import Value, policy_equal
from blueprinter.casing import fold, get
from blueprinter.policy.effects import Family, family_of
from blueprinter.policy.fields import FieldKind, read_field
from blueprinter.policy.model import ComplianceState, PolicyState
from blueprinter.policy.syntax import OperationKind

WRITING = (Family.MODIFY, Family.APPEND)


class _Write(Struct, frozen=True):
    """What one policy would do with one field."""

    policy: int
    field: str
    operation: str
    value: Value

    def contradicts(self, other: _Write) -> bool:
        if self.policy == other.policy or self.field != other.field:
            return False
        removes = str(OperationKind.REMOVE)
        if (self.operation == removes) is not (other.operation == removes):
            return True
        return self.operation != removes and policy_equal(self.value, other.value) is False


def with_conflicts(states: Sequence[PolicyState]) -> tuple[PolicyState, ...]:
    """The states of one resource, those of policies that contradict each other turned into Conflict.

    Policies of the effect modify whose `conflictEffect` is audit or disabled step back: they stay NonCompliant.
    """
    writes = [
        write for place, state in enumerate(states) if _insists(state) for write in _writes(place, state)
    ]
    against: dict[int, _Write] = {}
    for one in writes:
        other = next((other for other in writes if one.contradicts(other)), None)
        if other is not None:
            against.setdefault(one.policy, other)
    if not against:
        return tuple(states)
    found = list(states)
    for place, write in against.items():
        name = states[write.policy].assigned.definition.display_name
        detail = f"`{name}` writes another value to `{write.field}`"
        found[place] = replace(states[place], state=ComplianceState.CONFLICT, detail=detail)
    return tuple(found)


def _insists(state: PolicyState) -> bool:
    if state.state is not ComplianceState.NON_COMPLIANT or state.details is None:
        return False
    family = family_of(state.effect)
    if family is Family.APPEND:
        return True
    if family is not Family.MODIFY or isinstance(state.details, tuple):
        return False
    stated = get(state.details, "conflictEffect")
    return not isinstance(stated, str) or fold(stated) == "deny"


def _writes(place: int, state: PolicyState) -> Iterator[_Write]:
    details = state.details
    if isinstance(details, tuple):
        listed: Value = list(details)
    else:
        listed = get(details, "operations") if details is not None else None
    for item in listed if isinstance(listed, list) else []:
        name = get(item, "field") if isinstance(item, dict) else None
        # an element that is added to an array stands beside others
        if isinstance(item, dict) and isinstance(name, str) and not name.endswith("[*]"):
            operation = get(item, "operation") or str(OperationKind.ADD)
            yield _Write(place, _field_key(name), str(operation), get(item, "value"))


def _field_key(text: str) -> str:
    """One spelling for the many of a tag."""
    name = read_field(text)
    return f"tags['{fold(name.tag)}']" if name.kind is FieldKind.TAG else name.folded
