"""Resource selectors and overrides of an assignment: read, and decided for a resource.

Source: Microsoft Learn, "Azure Policy assignment structure", sections "Resource selectors" and "Overrides".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from blueprinter.arm import Resource, Unknown, Value, normal_location
from blueprinter.casing import fold, get, key_of, same
from blueprinter.document import child
from blueprinter.policy.context import group_of
from blueprinter.policy.effects import EFFECTS
from blueprinter.policy.model import (
    AssignedPolicy,
    Override,
    OverrideKind,
    ResourceSelector,
    Selector,
    SelectorKind,
)
from blueprinter.policy.subject import policy_type
from blueprinter.text import did_you_mean

MAX_SELECTORS = 10
MAX_OVERRIDES = 10
MAX_VALUES = 50

WITHOUT_LOCATION = "subscriptionLevelResources"
"""The only value that `resourceWithoutLocation` takes."""

_OF_RESOURCES = (
    SelectorKind.RESOURCE_LOCATION,
    SelectorKind.RESOURCE_TYPE,
    SelectorKind.RESOURCE_WITHOUT_LOCATION,
    SelectorKind.USER_PRINCIPAL_ID,
    SelectorKind.GROUP_PRINCIPAL_ID,
)
_OF_OVERRIDES = (*_OF_RESOURCES, SelectorKind.REFERENCE_ID)
_OVERRIDE_KINDS: Mapping[str, OverrideKind] = {
    "policyeffect": OverrideKind.EFFECT,
    "definitionversion": OverrideKind.VERSION,
    "policyversion": OverrideKind.VERSION,  # the name of the documentation; the REST reference has the other
}


# ---------------------------------------------------------------- deciding


def all_hold(selectors: Iterable[Selector], resource: Resource, reference_id: str = "") -> bool | None:
    """Whether a resource meets every selector; None when that depends on what is not known, such as who makes a
    request."""
    unknown = False
    for selector in selectors:
        holds = _holds(selector, resource, reference_id)
        if holds is False:
            return False
        unknown = unknown or holds is None
    return None if unknown else True


def selects(selectors: Iterable[ResourceSelector], resource: Resource) -> bool | None:
    """Whether an assignment with these resource selectors judges a resource: when it meets one of them, or there
    is none. None when that is not known."""
    answers = [all_hold(one.selectors, resource) for one in selectors]
    if not answers or True in answers:
        return True
    return None if None in answers else False


def overrides_of(assigned: AssignedPolicy, kind: OverrideKind) -> tuple[Override, ...]:
    """The overrides of one kind that concern a policy, up to the first that needs no look at a resource."""
    found: list[Override] = []
    for override in assigned.overrides:
        if override.kind is not kind:
            continue
        by_reference = {
            place: in_values(one, assigned.reference_id)
            for place, one in enumerate(override.selectors)
            if one.kind is SelectorKind.REFERENCE_ID
        }
        if False in by_reference.values():
            continue
        # a list of references that is not known in full may hold this one: it is left to be undecided
        rest = tuple(one for place, one in enumerate(override.selectors) if by_reference.get(place) is None)
        found.append(Override(kind, override.value, rest))
        if not rest:
            break
    return tuple(found)


def _holds(selector: Selector, resource: Resource, reference_id: str) -> bool | None:
    if selector.kind is SelectorKind.REFERENCE_ID:
        return in_values(selector, reference_id)
    if selector.kind is SelectorKind.RESOURCE_TYPE:
        return in_values(selector, policy_type(resource.type))
    location = get(resource.body, "location")
    if selector.kind is SelectorKind.RESOURCE_LOCATION:
        if isinstance(location, Unknown):
            return None
        return in_values(selector, location if isinstance(location, str) else "", normal=normal_location)
    if selector.kind is SelectorKind.RESOURCE_WITHOUT_LOCATION:
        return selector.negated is not (location is None and not group_of(resource.id))
    return None  # the principals of a request


def in_values(selector: Selector, text: str, normal: Callable[[str], str] = str) -> bool | None:
    """Whether a text meets a selector; None when that depends on values which are not known."""
    wanted = fold(normal(text))
    if text and any(fold(normal(value)) == wanted for value in selector.values):
        return not selector.negated
    return selector.negated if selector.complete else None


# ---------------------------------------------------------------- reading


class SelectorFault(Struct, frozen=True):
    """What Azure would refuse of a selector or override: where, from the list on, and why."""

    pointer: str
    message: str
    hint: str = ""


class _Reader:
    __slots__ = ("faults",)

    def __init__(self) -> None:
        self.faults: list[SelectorFault] = []

    def fault(self, pointer: str, message: str, hint: str = "") -> None:
        self.faults.append(SelectorFault(pointer, message, hint))

    def objects(self, value: Value, pointer: str, name: str, most: int) -> list[tuple[str, dict[str, Value]]]:
        """The objects of an array, with the pointer of each."""
        if not isinstance(value, list):
            self.fault(pointer, f"`{name}` is an array")
            return []
        if len(value) > most:
            self.fault(pointer, f"{len(value)} `{name}` where Azure takes {most}")
        found: list[tuple[str, dict[str, Value]]] = []
        for place, item in enumerate(value):
            where = child(pointer, place)
            if isinstance(item, dict):
                found.append((where, item))
            else:
                self.fault(where, f"an element of `{name}` is an object")
        return found

    def selectors(
        self, owner: Mapping[str, Value], pointer: str, allowed: tuple[SelectorKind, ...]
    ) -> tuple[Selector, ...]:
        value = get(owner, "selectors")
        if value is None:
            return ()
        where = child(pointer, key_of(owner, "selectors") or "selectors")
        found: list[Selector] = []
        for place, item in self.objects(value, where, "selectors", len(allowed)):
            selector = self.selector(item, place, allowed)
            if selector is None:
                continue
            if any(one.kind is selector.kind for one in found):
                self.fault(place, f"the kind `{selector.kind}` stands twice in one selector")
            found.append(selector)
        kinds = {one.kind for one in found}
        if {SelectorKind.RESOURCE_LOCATION, SelectorKind.RESOURCE_WITHOUT_LOCATION} <= kinds:
            self.fault(where, "`resourceLocation` and `resourceWithoutLocation` exclude each other")
        return tuple(found)

    def selector(
        self, item: Mapping[str, Value], pointer: str, allowed: tuple[SelectorKind, ...]
    ) -> Selector | None:
        stated = get(item, "kind")
        kind = next((one for one in allowed if isinstance(stated, str) and same(one, stated)), None)
        if kind is None:
            hint = did_you_mean(stated, [str(one) for one in allowed]) if isinstance(stated, str) else None
            message = f"the kind of a selector is one of {', '.join(allowed)}"
            self.fault(child(pointer, "kind"), message, hint or "")
            return None
        keys = [key for key in ("in", "notIn") if get(item, key) is not None]
        if len(keys) != 1:
            self.fault(pointer, "a selector has either `in` or `notIn`")
            return None
        listed = get(item, keys[0])
        values = listed if isinstance(listed, list) else [listed]
        where = child(pointer, keys[0])
        if len(values) > MAX_VALUES:
            self.fault(where, f"{len(values)} values where Azure takes {MAX_VALUES}")
        texts = [one for one in values if isinstance(one, str)]
        complete = not any(isinstance(one, Unknown) for one in values)
        if complete and len(texts) < len(values):
            self.fault(where, f"`{keys[0]}` is an array of texts")
        only = kind is SelectorKind.RESOURCE_WITHOUT_LOCATION and complete
        if only and not all(same(one, WITHOUT_LOCATION) for one in texts):
            self.fault(where, f"`{kind}` takes `{WITHOUT_LOCATION}` only")
        return Selector(kind, tuple(texts), keys[0] == "notIn", complete)


def read_resource_selectors(value: Value) -> tuple[tuple[ResourceSelector, ...], tuple[SelectorFault, ...]]:
    """`resourceSelectors` of an assignment, its expressions evaluated, and what Azure would refuse of them."""
    reader = _Reader()
    found: list[ResourceSelector] = []
    for pointer, item in reader.objects(value, "", "resourceSelectors", MAX_SELECTORS):
        name = get(item, "name")
        found.append(
            ResourceSelector(
                name if isinstance(name, str) else "", reader.selectors(item, pointer, _OF_RESOURCES)
            )
        )
    return tuple(found), tuple(reader.faults)


def read_overrides(value: Value) -> tuple[tuple[Override, ...], tuple[SelectorFault, ...]]:
    """`overrides` of an assignment, its expressions evaluated, and what Azure would refuse of them."""
    reader = _Reader()
    found: list[Override] = []
    for pointer, item in reader.objects(value, "", "overrides", MAX_OVERRIDES):
        stated, new = get(item, "kind"), get(item, "value")
        kind = _OVERRIDE_KINDS.get(fold(stated)) if isinstance(stated, str) else None
        if kind is None:
            reader.fault(
                child(pointer, "kind"), f"the kind of an override is one of {', '.join(OverrideKind)}"
            )
            continue
        if isinstance(new, Unknown):
            new = ""
        elif not isinstance(new, str) or not new:
            reader.fault(child(pointer, "value"), "an override has the new `value` as text")
            continue
        elif kind is OverrideKind.EFFECT and EFFECTS.get(new) is None:
            hint = did_you_mean(new, EFFECTS.names()) or ""
            reader.fault(child(pointer, "value"), f"`{new}` is no effect", hint)
        found.append(Override(kind, new, reader.selectors(item, pointer, _OF_OVERRIDES)))
    return tuple(found), tuple(reader.faults)
