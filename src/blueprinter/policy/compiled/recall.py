"""Rules that say the same of all resources with a few values in common, in the same resource group.

Whether a rule holds that asks for `resourceGroup()` or `subscription()` hangs on the estate, which only the interpreter
knows. It is asked once for each combination of what the rule reads; programs look up what it said then.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NamedTuple

from msgspec import Struct

from blueprinter.arm import ExpressionError, Resource
from blueprinter.casing import fold
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.applicability import expressions_of
from blueprinter.policy.compiled.calculations import AROUND, SIMPLE, inputs_of
from blueprinter.policy.compiled.runtime import reader
from blueprinter.policy.compiled.situation import Situation, Target, Varies
from blueprinter.policy.context import group_of, subscription_of
from blueprinter.policy.effects import Family, family_of
from blueprinter.policy.fields import FieldKind, FieldName, Path, read_field
from blueprinter.policy.judge import CompiledPolicy
from blueprinter.policy.model import AliasSource, ComplianceState, UnsupportedReason
from blueprinter.policy.subject import RESOURCE_GROUP, SUBSCRIPTION, Subject, Undecidable
from blueprinter.policy.syntax import FieldCount, FieldLeft, called_in

MOST_VERDICTS = 7
"""Different verdicts of one rule that have a number; the interpreter is asked about more."""

_WITHOUT_DETAILS = frozenset({Family.PLAIN, Family.MODIFY, Family.APPEND, Family.DENY_ACTION})
"""Effects whose details have no part in the verdict, unless policies contradict each other."""
_CONTAINERS = frozenset({fold(RESOURCE_GROUP), fold(SUBSCRIPTION)})
_UNIQUE = frozenset({FieldKind.ID, FieldKind.NAME, FieldKind.FULL_NAME, FieldKind.TAGS})
"""Fields that hardly two resources have in common."""
_OF_TYPE = frozenset({FieldKind.ALIAS, FieldKind.TYPE, FieldKind.API_VERSION})
"""Fields that are another thing in other types and versions, or are these themselves."""
_MOST_RULES = 4_096
_MOST = 32_768
"""Combinations that have a number; the oldest lose theirs."""
_LONGEST = 256
_PATIENCE = 8_192
"""Resources after which a memory has to be of use: by then it has met about as many combinations as are kept."""

Key = tuple[Hashable, ...]


class Verdict(NamedTuple):
    """What the interpreter said of one policy, but for its words. `state` None = nothing, or that it does not apply."""

    state: ComplianceState | None
    reason: UnsupportedReason | None
    source: AliasSource


class Reading(Struct, frozen=True, eq=False):
    """What a rule reads of a resource: others with the same get the same verdict."""

    fields: tuple[tuple[FieldName, Path], ...]
    """Without those that are the same for all resources of a type and API version."""
    by_type: bool
    """It reads another thing in other types, or API versions."""
    around: Callable[[str], str] | None
    """What the id tells of where a resource lies, if that matters; the empty text = it lies nowhere."""


class Recall:
    """What the interpreter said of one rule."""

    __slots__ = (
        "_is_told",
        "_names",
        "_numbers",
        "_reads",
        "around",
        "fresh",
        "met",
        "start",
        "steps",
        "verdicts",
    )

    def __init__(self, start: int, reading: Reading, numbers: dict[Key, int]) -> None:
        self.start = start
        """What keys begin with."""
        self.steps = [_steps(path) for _, path in reading.fields]
        """Where it reads values."""
        self.around = reading.around
        self.verdicts: list[Verdict] = []
        """Number 1 is the first."""
        self.met = 0
        """How many resources the interpreter was to be asked about."""
        self.fresh = 0
        """How many of them were like none before."""
        self._numbers = numbers
        self._is_told = False
        self._names = [name for name, _ in reading.fields]
        self._reads = [reader(steps) for steps in self.steps]

    @property
    def is_of_use(self) -> bool:
        """Whether asking again is often saved; where programs look up, the interpreter only meets what is fresh."""
        return self._is_told or self.met < _PATIENCE or self.fresh * 2 < self.met

    def tell(self) -> Callable[[Key], int | None]:
        """What a program calls for the number of a verdict by what was read; None = not known yet."""
        self._is_told = True
        return self._numbers.get

    def key(self, resource: Resource, aliases: AliasTable, *, strict: bool) -> Key | None:
        """What the rule reads of a resource; None = more than can be compared."""
        subject = Subject(resource, aliases, strict=strict)
        key: list[Hashable] = [self.start]
        length = 0
        for name, read in zip(self._names, self._reads, strict=True):
            try:
                subject.look(name)
            except Undecidable:
                return None
            value = read(resource.body)
            if isinstance(value, str):
                length += len(value)
                key.append(value)
            elif type(value) in SIMPLE:
                key.append(value)
            elif isinstance(value, (bool, float)):  # which are equal where they are not the same
                key.append((type(value), value))
            else:
                return None
        if self.around is not None:
            around = self.around(resource.id)
            if not around:
                return None
            key.append(around)
        return tuple(key) if length <= _LONGEST else None

    def learn(self, key: Key, verdict: Verdict) -> None:
        """Notes a verdict for programs to look up."""
        if key in self._numbers:
            return
        if verdict not in self.verdicts:
            if len(self.verdicts) >= MOST_VERDICTS:
                return
            self.verdicts.append(verdict)
        if len(self._numbers) >= _MOST:
            del self._numbers[next(iter(self._numbers))]
        self._numbers[key] = self.verdicts.index(verdict) + 1


class Recalls:
    """What the interpreter said of the rules of a policy set, about resources of one estate."""

    def __init__(self, *, worded: bool, conflicts: bool) -> None:
        """`worded`: it is also asked for what decided. `conflicts`: some policies may contradict each other."""
        self._worded = worded
        self._conflicts = conflicts
        self._numbers: dict[Key, int] = {}
        self._known: dict[tuple[int, str, str], Recall | None] = {}
        self._made: dict[tuple[int, str, str], Recall] = {}

    def of(self, place: int, policy: CompiledPolicy, target: Target) -> Recall | None:
        """What was said of the policy in this place of its set; None = it reads too much, or what is not known
        beforehand."""
        slot = (place, target.type, target.api_version)
        if slot not in self._known:
            if len(self._known) >= _MOST_RULES:
                self._known.clear()
            reading = _reading_of(
                Situation(policy, target), may_pass_over_details=not (self._worded or self._conflicts)
            )
            self._known[slot] = None if reading is None else self._recall(slot, reading)
        found = self._known[slot]
        return found if found is None or found.is_of_use else None

    def _recall(self, slot: tuple[int, str, str], reading: Reading) -> Recall:
        place, type_, api_version = slot
        key = (place, type_, api_version) if reading.by_type else (place, "", "")
        if key not in self._made:
            self._made[key] = Recall(len(self._made), reading, self._numbers)
        return self._made[key]


def _reading_of(situation: Situation, *, may_pass_over_details: bool) -> Reading | None:
    """What a policy reads of a type; None = that is not known beforehand, or too much."""
    policy = situation.policy
    if policy.effect is None or policy.assigned.resource_selectors:
        return None
    if policy.rule.has_details and not (
        may_pass_over_details and family_of(policy.effect) in _WITHOUT_DETAILS
    ):
        return None
    called = frozenset[str]().union(*map(called_in, policy.rule.compares))
    around = group_of if "resourcegroup" in called else subscription_of if "subscription" in called else None
    if around is not None and fold(situation.type) in _CONTAINERS:
        return None
    fields: list[tuple[FieldName, Path]] = []
    try:
        names = _read_by(situation)
        if any(name.wildcards or name.kind in _UNIQUE for name in names):
            return None
        for name in names:
            if name.kind in (FieldKind.TYPE, FieldKind.API_VERSION):
                continue
            path = situation.path(name)
            if path is not None:
                _steps(path)
                fields.append((name, path))
    except (Varies, Undecidable, ExpressionError, RecursionError):
        return None
    by_type = "requestcontext" in called or any(name.kind in _OF_TYPE for name in names)
    return Reading(tuple(fields), by_type, around)


def asks_around(situation: Situation) -> bool:
    """Whether a rule asks for what surrounds a resource, which generated code does not have."""
    return any(called_in(compare) & AROUND for compare in situation.policy.rule.compares)


def _steps(path: Path) -> list[str | int]:
    """The steps of a path without `[*]`. Raises `Varies` for others."""
    steps = [step for step in path if isinstance(step, (str, int))]
    if len(steps) < len(path):
        raise Varies
    return steps


def _read_by(situation: Situation) -> list[FieldName]:
    """The fields that a rule may read. Raises `Varies` where that depends on the resource, or an array is counted."""
    found: dict[str, FieldName] = {}
    for compare in situation.policy.rule.compares:
        names: list[FieldName] = []
        if isinstance(compare.left, FieldCount):
            raise Varies
        if isinstance(compare.left, FieldLeft):
            names.append(situation.field(compare.left.name))
        for function, argument in inputs_of(tuple(expressions_of(compare)), situation):
            # members of value counts, the only counts here, do not come from the resource
            if function == "field" and argument is not None:
                names.append(read_field(argument))
        for name in names:
            found.setdefault(name.folded, name)
    return list(found.values())
