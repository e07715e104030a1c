"""Resource selectors of an assignment as code: whether it judges a resource (`selectors.selects`)."""

from __future__ import annotations

import ast

from blueprinter.arm import normal_location
from blueprinter.casing import fold
from blueprinter.policy.compiled.code import both, call, compare, constant, load, opposite, same
from blueprinter.policy.compiled.loads import ID, ROW
from blueprinter.policy.compiled.situation import Situation
from blueprinter.policy.compiled.truth import TRUE, Truth, joined, negated, settled
from blueprinter.policy.compiled.writer import Scope
from blueprinter.policy.context import group_of
from blueprinter.policy.model import ResourceSelector, Selector, SelectorKind
from blueprinter.policy.selectors import in_values

_LOCATION = ("location",)


def selection(situation: Situation, scope: Scope) -> Truth | None:
    """Whether the assignment of a policy judges a resource, as code that cannot raise. None = only the interpreter can
    tell, or nobody: who makes a request is not known, nor are values that Azure alone knows."""
    selectors = situation.policy.assigned.resource_selectors
    if not selectors:
        return TRUE
    found = [_all_of(one, situation, scope) for one in selectors]
    known = [one for one in found if one is not None]
    return joined(known, decisive=True) if len(known) == len(found) else None


def _all_of(selector: ResourceSelector, situation: Situation, scope: Scope) -> Truth | None:
    found = [_holds(one, situation, scope) for one in selector.selectors]
    known = [one for one in found if one is not None]
    return joined(known, decisive=False) if len(known) == len(found) else None


def _holds(selector: Selector, situation: Situation, scope: Scope) -> Truth | None:
    if selector.kind is SelectorKind.RESOURCE_TYPE:
        return settled(in_values(selector, situation.type))
    row = scope.of(ROW)
    names = scope.writer.names
    if selector.kind is SelectorKind.RESOURCE_LOCATION and selector.complete:
        places = frozenset(fold(normal_location(value)) for value in selector.values if value)
        among = compare(load(row.place(_LOCATION)), ast.In, names.constant(places))
        return _signed(Truth(among), selector)
    if selector.kind is SelectorKind.RESOURCE_WITHOUT_LOCATION:
        group = call(names.name_of(group_of, "group_of"), load(row.variable((ID,))))
        nowhere = both([same(load(row.variable(_LOCATION)), constant(None)), opposite(group)])
        return _signed(Truth(nowhere), selector)
    return None


def _signed(truth: Truth, selector: Selector) -> Truth:
    return negated(truth) if selector.negated else truth
