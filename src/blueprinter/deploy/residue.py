"""What is left of earlier versions: governance by our mark, workload by having been in the stack."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from blueprinter.arm import parse_id
from blueprinter.casing import fold, get
from blueprinter.deploy.fitting import stack_resources
from blueprinter.deploy.model import (
    ASSIGNMENTS,
    DEFINITIONS,
    GOVERNANCE,
    GROUPS,
    LOCKS,
    Left,
    Live,
    Residue,
    Target,
)
from blueprinter.deploy.reading import LiveState
from blueprinter.document import Json
from blueprinter.policy import is_enforced

_GOVERNANCE = frozenset(fold(type) for type in (*GOVERNANCE, LOCKS))


def governance_left(target: Target, live: LiveState, wanted: Collection[str]) -> tuple[Live, ...]:
    """What carries our mark and is not wanted any more. `wanted`: folded ids."""
    return tuple(one for one in live.ours(target) if one.key not in wanted)


def workload_left(
    stacks: Iterable[Json], live: LiveState, target: Target, wanted: Collection[str]
) -> tuple[Left, ...]:
    """What the stacks let go, and is still there as far as lists tell."""
    found = workload_of(stacks, live, target, ("detachedResources",))
    return tuple(one for one in found if fold(one.id) not in wanted)


def workload_of(
    stacks: Iterable[Json], live: LiveState, target: Target, members: Sequence[str]
) -> tuple[Left, ...]:
    """What is in lists of the stacks, does not carry our mark, and is there as far as lists tell; by id."""
    ours = {one.key for one in live.ours(target)}
    found: dict[str, Left] = {}
    for stack in stacks:
        for member in members:
            for id in stack_resources(stack, member):
                type = type_of(id)
                listed = live.objects if fold(type) in _GOVERNANCE else live.resources
                gone = (fold(type) in _GOVERNANCE or is_listed(id, type)) and fold(id) not in listed
                if fold(id) not in ours and not gone:
                    found[fold(id)] = Left(id, type, Residue.WORKLOAD)
    return tuple(found[key] for key in sorted(found))


def type_of(id: str) -> str:
    """The type that an id names."""
    parts = parse_id(id)
    found = parts.type if parts is not None else ""
    return GROUPS if fold(found) == "microsoft.resources/subscriptions/resourcegroups" else found


def as_left(one: Live, live: LiveState) -> Left:
    """A leftover governance object, with what it still does."""
    return Left(one.id, one.type, Residue.GOVERNANCE, acting_effect(one, live))


def acting_effect(one: Live, live: LiveState) -> str:
    """The effect with which a policy assignment acts on requests; empty where it does not, or is not known."""
    if fold(one.type) != fold(ASSIGNMENTS) or not is_enforced(one.properties.get("enforcementMode")):
        return ""
    effect = _given(one.properties, "effect")
    definition = live.objects.get(fold(str(one.properties.get("policyDefinitionId", ""))))
    if effect is None and definition is not None and fold(definition.type) == fold(DEFINITIONS):
        effect = _effect_of(definition.properties, one.properties)
    found = effect if isinstance(effect, str) else ""
    return found if fold(found) in {"deny", "denyaction", "modify", "append", "deployifnotexists"} else ""


def _effect_of(definition: Mapping[str, Json], assignment: Mapping[str, Json]) -> Json:
    rule = definition.get("policyRule")
    then = get(rule, "then") if isinstance(rule, dict) else None
    effect = get(then, "effect") if isinstance(then, dict) else None
    if not isinstance(effect, str) or not effect.startswith("[parameters('"):
        return effect
    name = effect.removeprefix("[parameters('").partition("'")[0]
    given = _given(assignment, name)
    if given is not None:
        return given
    declared = definition.get("parameters")
    row = get(declared, name) if isinstance(declared, dict) else None
    return get(row, "defaultValue") if isinstance(row, dict) else None


def _given(assignment: Mapping[str, Json], name: str) -> Json:
    parameters = assignment.get("parameters")
    row = get(parameters, name) if isinstance(parameters, dict) else None
    return get(row, "value") if isinstance(row, dict) else None


def is_listed(id: str, type: str) -> bool:
    """Whether lists of a subscription have an object: resource groups and what is right within them, neither children
    nor extensions of resources."""
    key = fold(id)
    in_group = "/resourcegroups/" in key and type.count("/") == 1 and key.count("/providers/") == 1
    return fold(type) == fold(GROUPS) or in_group
