"""All policies that may say something of one resource type, as one function.

The function takes a row and gives a number whose bits say what each policy found. Equal numbers mean equal verdicts, so
that rows can be counted by it. Policies share what they read of the row.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from blueprinter.arm import Value
from blueprinter.casing import same
from blueprinter.policy.compiled.assembly import assemble
from blueprinter.policy.compiled.code import (
    add,
    assign,
    both,
    constant,
    function,
    give,
    guarded,
    load,
    nothing,
    when,
)
from blueprinter.policy.compiled.conditions import TRUE, Conditions, Scope, TooDeep, Truth, Writer
from blueprinter.policy.compiled.loads import ROW, Reads
from blueprinter.policy.compiled.reasons import Reason, write_reasons
from blueprinter.policy.compiled.runtime import FAULTS
from blueprinter.policy.compiled.situation import Situation, Target
from blueprinter.policy.conflicts import WRITING
from blueprinter.policy.effects import Family, family_of, fired_state
from blueprinter.policy.judge import CompiledPolicy, refusal
from blueprinter.policy.model import AliasSource, ComplianceState

_DECIDE = "decide"
_RESULT = "result"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What generated code found out about one policy on one resource."""

    policy: int
    """The place of the policy in its set."""
    state: ComplianceState | None
    """None = generated code cannot tell: ask the interpreter."""
    source: AliasSource | None = AliasSource.NONE
    """Where the aliases come from that were read; None = only the interpreter can tell whether any was."""

    @property
    def guessed(self) -> bool:
        """The verdict rests on a guessed alias."""
        return self.source is AliasSource.GUESSED


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a policy writes its verdict, as bits; 0 = it never does."""

    policy: int
    fires: int = 0
    lies_outside: int = 0
    """The policy does not apply."""
    asks: int = 0
    guesses: int = 0
    source: AliasSource | None = AliasSource.NONE
    """Where aliases come from when the rule holds, unless one was guessed now; None = there may be none."""
    always_asks: bool = False
    fired: ComplianceState = ComplianceState.NON_COMPLIANT
    otherwise: ComplianceState | None = ComplianceState.COMPLIANT
    """The state of a resource to which the policy applies and for which its rule does not hold."""

    def outcome(self, code: int) -> Outcome | None:
        """The verdict in a number; None = the policy says nothing of the resource."""
        if self.always_asks or code & self.asks:
            return Outcome(self.policy, None)
        if code & self.lies_outside:
            return None
        state = self.fired if code & self.fires else self.otherwise
        if state is None:
            return None
        return Outcome(self.policy, state, AliasSource.GUESSED if code & self.guesses else self.source)


class Program:
    """The policies of one type and API version."""

    __slots__ = ("_policies", "_reasons", "decide", "reads", "slots", "target")

    def __init__(
        self,
        target: Target,
        slots: Sequence[Slot],
        decide: Callable[[Mapping[str, Value]], int],
        policies: Mapping[int, CompiledPolicy],
        reads: Reads | None,
    ) -> None:
        self.target = target
        self.slots = tuple(slots)
        self.decide = decide
        """The verdicts on a row, as a number. Raises one of `FAULTS` where only the interpreter can tell."""
        self.reads = reads
        """What `decide` needs of a row; None = all of it."""
        self._policies = policies
        self._reasons: dict[int, Reason] = {}

    def outcomes(self, code: int) -> tuple[Outcome, ...]:
        """The verdicts in a number, in the order of the policies; those that do not apply are left out."""
        found = (slot.outcome(code) for slot in self.slots)
        return tuple(outcome for outcome in found if outcome is not None)

    def unknown(self) -> tuple[Outcome, ...]:
        """What to say of a row on which `decide` raised: every policy is asked."""
        return tuple(Outcome(slot.policy, None) for slot in self.slots)

    def reason(self, policy: int) -> Reason:
        """What names the deciding comparison on rows for which the rule of a policy holds."""
        found = self._reasons.get(policy)
        if found is None:
            found = self._reasons[policy] = write_reasons(Situation(self._policies[policy], self.target))
        return found


def write_program(
    policies: Sequence[tuple[int, CompiledPolicy]], target: Target, *, conflicts: bool = False
) -> Program:
    """A program of these policies, each with its place in the set. With `conflicts` those that would write to the
    resource are asked together, because they may contradict each other."""
    writer = Writer()
    scope = Scope(writer)
    faults = writer.names.name_of(FAULTS, "faults")
    slots: list[Slot] = []
    blocks: list[ast.stmt] = []
    by_place = dict(policies)
    bit = 1
    for place, policy in policies:
        situation = Situation(policy, target)
        if not _looks_at(situation):
            continue
        before = len(writer.functions)
        try:
            slot, block, bit = _policy(place, situation, scope, faults, bit)
            if slot is not None and conflicts and family_of(policy.effect or "") in WRITING:
                slot = replace(slot, fires=0, asks=slot.asks | slot.fires)
        except (TooDeep, RecursionError):
            del writer.functions[before:]
            slot, block = Slot(place, always_asks=True), []
        if slot is not None:
            slots.append(slot)
            blocks.extend(block)
    if not blocks:
        return Program(target, slots, _nothing, by_place, Reads())
    body = [*scope.statements([ROW]), assign(_RESULT, constant(0)), *blocks, give(load(_RESULT))]
    functions = [*writer.functions, function(_DECIDE, [ROW], body)]
    try:
        made = assemble(functions, writer.names.objects)
    except RecursionError:
        asking = [Slot(slot.policy, always_asks=True) for slot in slots]
        return Program(target, asking, _nothing, by_place, Reads())
    return Program(target, slots, made[_DECIDE], by_place, writer.reads())


def _nothing(row: Mapping[str, Value]) -> int:
    return 0


def _looks_at(situation: Situation) -> bool:
    """Whether a policy may give a state on this type at all; what is undecided here is decided later."""
    policy = situation.policy
    if same(policy.assigned.definition.policy_type, "Static"):
        return False
    if policy.effect is None:
        return True
    family = family_of(policy.effect)
    if family is Family.DISABLED:
        return False
    return not refusal(policy, situation.type, situation.target.aliases, family)


def _policy(
    place: int, situation: Situation, scope: Scope, faults: ast.expr, bit: int
) -> tuple[Slot | None, list[ast.stmt], int]:
    """The slot and the code of one policy, and the next bit that is free; no slot = it never gives a state."""
    policy = situation.policy
    if policy.effect is None or policy.data_plane or policy.assigned.resource_selectors:
        return Slot(place, always_asks=True), [], bit
    family = family_of(policy.effect)
    if family is Family.DATA_PLANE:
        return Slot(place, always_asks=True), [], bit
    rule = policy.rule
    if family in (Family.EXISTENCE, Family.MANUAL):
        # where the rule does not hold such a policy does not apply; where it does, the interpreter goes on
        truth = Conditions(situation, scope).truth(rule.condition)
        applies = TRUE  # the rule of an existence policy says itself whether it does
        if family is Family.MANUAL:
            applies = Conditions(situation, scope).applicable(rule.condition, policy.kinds)
        if applies.code is None:
            applies = truth if applies.constant else applies
            truth = TRUE
        if applies.code is None:
            return (Slot(place, always_asks=True) if applies.constant else None), [], bit
        plain = applies.plain and truth.plain
        if plain and truth.code is None and not truth.constant:
            return None, [], bit
        # whether it applies is asked first, and may fail whatever the rule says
        block = [when(both([applies.code, truth.expression]), [add(_RESULT, bit)])]
        return Slot(place, asks=bit, otherwise=None), _safe(block, plain, faults, bit), bit << 1
    return _plain(place, situation, scope, faults, bit)


def _plain(
    place: int, situation: Situation, scope: Scope, faults: ast.expr, bit: int
) -> tuple[Slot | None, list[ast.stmt], int]:
    """A policy that looks at the resource alone."""
    policy = situation.policy
    applies = Conditions(situation, scope).applicable(policy.rule.condition, policy.kinds)
    if applies.code is None and not applies.constant:
        return None, [], bit
    truth = Conditions(situation, scope).truth(policy.rule.condition)
    note = ""
    if truth.may_guess and not truth.guesses:
        note = scope.writer.names.fresh("guess")
        truth = Conditions(situation, scope, note=note).truth(policy.rule.condition)
    fires, bit = bit, bit << 1
    block: list[ast.stmt] = []
    if truth.code is not None or truth.constant:
        block = [when(truth.expression, [add(_RESULT, fires)])]
    lies_outside = 0
    if applies.code is not None:
        lies_outside, bit = bit, bit << 1
        block = [when(applies.code, block or [nothing()], [add(_RESULT, lies_outside)])]
    asks = 0
    plain = truth.plain and applies.plain
    if not plain:
        asks, bit = bit, bit << 1
    block = _safe(block, plain, faults, asks)
    guesses = 0
    if note:
        guesses, bit = bit, bit << 1
        block = [
            assign(note, constant(False)),
            *block,
            when(load(note), [add(_RESULT, guesses)]),
        ]
    slot = Slot(
        place,
        fires,
        lies_outside,
        asks,
        guesses,
        source=_source(truth, noted=bool(note)),
        fired=fired_state(policy.effect or ""),
    )
    return slot, block, bit


def _source(truth: Truth, *, noted: bool) -> AliasSource | None:
    """Where the aliases of a rule that holds come from, but for guesses that are noted."""
    if truth.guesses and not noted:
        return AliasSource.GUESSED
    if not truth.may_read:
        return AliasSource.NONE
    return AliasSource.TABLE if truth.reads_if_true else None


def _safe(block: list[ast.stmt], plain: bool, faults: ast.expr, asks: int) -> list[ast.stmt]:
    """A block that may raise, with the bit that asks the interpreter instead."""
    if plain or not block:
        return block
    return [guarded(block, faults, [add(_RESULT, asks)])]
