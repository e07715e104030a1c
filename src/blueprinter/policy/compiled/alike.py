"""Resource types that a policy cannot tell apart: one program serves them all.

Most types of an estate meet only policies about every type, which read the location, tags and the like.
"""

from __future__ import annotations

from blueprinter.arm import ExpressionError
from blueprinter.policy.compiled.situation import Situation, Target, Varies
from blueprinter.policy.fields import ROOT_OBJECTS, FieldKind, FieldName
from blueprinter.policy.judge import CompiledPolicy
from blueprinter.policy.model import SelectorKind
from blueprinter.policy.operators import Absent
from blueprinter.policy.selectors import in_values
from blueprinter.policy.subject import Undecidable
from blueprinter.policy.syntax import (
    Compare,
    FieldCount,
    FieldLeft,
    called_in,
)

_SAME_PLACE = frozenset(
    {
        *ROOT_OBJECTS,
        FieldKind.ID,
        FieldKind.KIND,
        FieldKind.LOCATION,
        FieldKind.TAG,
        FieldKind.TAGS,
    }
)
"""Fields that every type has in the same place."""
_READING = frozenset({"current", "field", "resourcegroup", "subscription"})
"""Functions, folded, that read the resource or what surrounds it."""


def traits_of(policy: CompiledPolicy, target: Target) -> tuple[bool | None, ...] | None:
    """What the code for a policy depends on of the type of its target: how each comparison of the type turns out, in
    resource selectors and in the rule.

    None = on more than that, because the rule reads what depends on the type: an alias, a name, an API version, or
    whatever an expression chooses. Of policies that `may_be_alike` only.
    """
    compares = policy.rule.compares
    situation = Situation(policy, target)
    traits: list[bool | None] = [
        in_values(one, situation.type)
        for selector in policy.assigned.resource_selectors
        for one in selector.selectors
        if one.kind is SelectorKind.RESOURCE_TYPE
    ]
    try:
        for compare in compares:
            left = compare.left
            if not isinstance(left, FieldLeft):
                continue
            name = situation.field(left.name)
            if name.kind is FieldKind.TYPE:
                right = situation.constant(compare.right)
                traits.append(compare.operator.holds(situation.type or Absent.FIELD, right))
            elif not _is_anywhere(name):
                return None
    except (Varies, Undecidable, ExpressionError, RecursionError):
        return None
    return tuple(traits)


def may_be_alike(policy: CompiledPolicy) -> bool:
    """Whether the code for a policy may be the same for several types."""
    return not any(map(_depends_on_more, policy.rule.compares))


def _depends_on_more(compare: Compare) -> bool:
    """Whether a comparison shows at once that it depends on more of the type."""
    left = compare.left
    if isinstance(left, FieldLeft) and isinstance(left.name, FieldName):
        return not (left.name.kind is FieldKind.TYPE or _is_anywhere(left.name)) or _reads(compare)
    return isinstance(left, FieldCount) or _reads(compare)


def _is_anywhere(name: FieldName) -> bool:
    return name.kind in _SAME_PLACE and not name.wildcards


def _reads(compare: Compare) -> bool:
    """Whether an expression of a comparison reads the resource."""
    return not _READING.isdisjoint(called_in(compare))
