"""All policies that may say something of one resource type, as one function.

The function takes a row and gives a code: a number whose bits say what each policy found. Equal codes mean equal
verdicts, so that rows can be counted by them. A program that words its verdicts gives more where a rule holds: the
number with keys, on which the words for what decided depend (`reasons`). Policies share what they read of the row.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm import Value
from blueprinter.casing import fold
from blueprinter.casing import same as same_text
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.compiled.assembly import assemble
from blueprinter.policy.compiled.calculations import SIMPLE
from blueprinter.policy.compiled.code import (
    add,
    assign,
    both,
    call,
    choose,
    compare,
    constant,
    function,
    give,
    guarded,
    load,
    nothing,
    same,
    together,
    when,
)
from blueprinter.policy.compiled.conditions import Conditions, TooDeep
from blueprinter.policy.compiled.glancing import Code, Glancer, Glancing, Sight, seeing_nothing
from blueprinter.policy.compiled.loads import ID, ROW, Reads
from blueprinter.policy.compiled.reasons import UNTOLD, Reason, plan_reasons
from blueprinter.policy.compiled.recall import MOST_VERDICTS, Recall, Recalls, asks_around
from blueprinter.policy.compiled.runtime import FAULTS
from blueprinter.policy.compiled.selection import selection
from blueprinter.policy.compiled.shapes import Depths, Place
from blueprinter.policy.compiled.situation import Situation, Target
from blueprinter.policy.compiled.truth import Truth
from blueprinter.policy.compiled.writer import Scope, Writer
from blueprinter.policy.conflicts import WRITING
from blueprinter.policy.effects import Family, family_of, fired_state
from blueprinter.policy.judge import CompiledPolicy, refusal
from blueprinter.policy.model import AliasSource, ComplianceState, UnsupportedReason

_DECIDE = "decide"
_VERDICT = "verdict"
_RESULT = "result"
_NO_REASONS: Mapping[int, Reason] = MappingProxyType({})


class Outcome(NamedTuple):
    """What generated code found out about one policy on one resource."""

    policy: int
    """The place of the policy in its set."""
    state: ComplianceState | None
    """None = generated code cannot tell: ask the interpreter."""
    source: AliasSource | None = AliasSource.NONE
    """Where the aliases come from that were read; None = only the interpreter can tell whether any was."""
    reason: UnsupportedReason | None = None
    """Why the state is `UNSUPPORTED`."""
    holds: bool = False
    """The rule holds, and what is left to ask is whether there is a related resource."""

    @property
    def guessed(self) -> bool:
        """The verdict rests on a guessed alias."""
        return self.source is AliasSource.GUESSED


class Slot(Struct, frozen=True):
    """Where a policy writes its verdict, as bits; 0 = it never does."""

    policy: int
    fires: int = 0
    lies_outside: int = 0
    """The policy does not apply."""
    asks: int = 0
    guesses: int = 0
    source: AliasSource | None = AliasSource.NONE
    """Where aliases come from when the rule holds, unless one was guessed now; None = there may be none."""
    reads: int = 0
    """Tells whether there was one; 0 = nothing does."""
    always_asks: bool = False
    always_fires: bool = False
    fired: ComplianceState | None = ComplianceState.NON_COMPLIANT
    """The state of a resource for which its rule holds; None = that hangs on related resources."""
    otherwise: ComplianceState | None = ComplianceState.COMPLIANT
    """The state of a resource to which the policy applies and for which its rule does not hold."""
    recall: Recall | None = None
    """What the interpreter said of other resources."""
    recalls: int = 0
    """The lowest of the bits that hold the number of that."""

    def outcome(self, code: int) -> Outcome | None:
        """The verdict in a number; None = the policy says nothing of the resource."""
        if self.always_asks or code & self.asks:
            return Outcome(self.policy, None)
        if self.recall is not None and (number := code // self.recalls & MOST_VERDICTS):
            said = self.recall.verdicts[number - 1]
            return None if said.state is None else Outcome(self.policy, said.state, said.source, said.reason)
        if code & self.lies_outside:
            return None
        fires = self.always_fires or bool(code & self.fires)
        source = AliasSource.GUESSED if code & self.guesses else self.source
        if source is None and self.reads:
            source = AliasSource.TABLE if code & self.reads else AliasSource.NONE
        if fires and self.fired is None:
            return Outcome(self.policy, None, source, holds=True)
        state = self.fired if fires else self.otherwise
        return None if state is None else Outcome(self.policy, state, source)


class Program:
    """The policies of one type and API version."""

    __slots__ = ("_glancing", "_reasons", "decide", "reads", "slots", "target")

    def __init__(
        self,
        target: Target,
        slots: Sequence[Slot],
        decide: Callable[[Mapping[str, Value]], Code],
        *,
        reads: Reads | None,
        glancing: Glancing | None = None,
        reasons: Mapping[int, Reason] = _NO_REASONS,
    ) -> None:
        self.target = target
        self.slots = tuple(slots)
        self.decide = decide
        """The verdicts on a row. Raises one of `FAULTS` where only the interpreter can tell."""
        self.reads = reads
        """What `decide` needs of a row; None = all of it."""
        self._glancing = glancing
        self._reasons = reasons

    def about(self, target: Target) -> Program:
        """The same for another type that its policies cannot tell from this one (`traits_of`)."""
        return Program(
            target, self.slots, self.decide, reads=self.reads, glancing=self._glancing, reasons=self._reasons
        )

    def sight(self, whole: frozenset[Place] = frozenset()) -> Sight | None:
        """The verdicts on a `Part` of a row, in which the values in these places are whole; None = the whole row has to
        be asked."""
        return None if self._glancing is None else self._glancing(whole)

    def outcomes(self, code: Code) -> tuple[Outcome, ...]:
        """The verdicts in a code, in the order of the policies; those that do not apply are left out."""
        number = code if isinstance(code, int) else code[0]
        found = (slot.outcome(number) for slot in self.slots)
        return tuple(outcome for outcome in found if outcome is not None)

    def outcome(self, policy: int, code: Code) -> Outcome | None:
        """The verdict of one policy in a code; None = it does not apply."""
        number = code if isinstance(code, int) else code[0]
        return next((slot.outcome(number) for slot in self.slots if slot.policy == policy), None)

    def unknown(self) -> tuple[Outcome, ...]:
        """What to say of a row on which `decide` raised: every policy is asked."""
        return tuple(Outcome(slot.policy, None) for slot in self.slots)

    def reason(self, policy: int) -> Reason | None:
        """What words the verdicts of a policy whose rule holds, if the program does."""
        return self._reasons.get(policy)


def write_program(
    policies: Sequence[tuple[int, CompiledPolicy]],
    target: Target,
    *,
    conflicts: bool = False,
    worded: bool = False,
    recalls: Recalls | None = None,
) -> Program:
    """A program of these policies, which `may_judge` the type, each with its place in the set.

    With `conflicts` those that would write to the resource are asked together, because they may contradict each
    other. `worded`: codes hold what `reason` needs. `recalls`: what the interpreter said of other resources is looked
    up there.
    """
    writer = Writer()
    scope = Scope(writer)
    faults = writer.names.name_of(FAULTS, "faults")
    slots: list[Slot] = []
    blocks: list[ast.stmt] = []
    reasons: dict[int, Reason] = {}
    keys: list[str] = []
    bit = 1
    for place, policy in policies:
        situation = Situation(policy, target)
        before = len(writer.functions)
        wording = _Wording(len(keys) + 1, writer.names.fresh("key")) if worded else None
        recall = None
        if recalls is not None and asks_around(situation):
            recall = recalls.of(place, policy, target)
        try:
            slot, block, bit = _policy(place, situation, scope, faults, bit, wording, recall)
            if slot is not None and conflicts and family_of(policy.effect or "") in WRITING:
                slot = replace(slot, fires=0, asks=slot.asks | slot.fires)
        except (TooDeep, RecursionError):
            del writer.functions[before:]
            slot, block, wording = Slot(place, always_asks=True), [], None
        if slot is not None:
            slots.append(slot)
            blocks.extend(block)
            if wording is not None and wording.reason is not None:
                reasons[place] = wording.reason
                keys.append(wording.key)
    if not blocks:
        return Program(target, slots, _nothing, reads=Reads(), glancing=seeing_nothing)
    try:
        told = sum(slot.fires for slot in slots if slot.fired is not None)
        decide, reads, glancing = _assembled(scope, blocks, keys, told)
    except RecursionError:
        asking = [Slot(slot.policy, always_asks=True) for slot in slots]
        return Program(target, asking, _nothing, reads=Reads(), glancing=seeing_nothing)
    return Program(target, slots, decide, reads=reads, glancing=glancing, reasons=reasons)


def _assembled(
    scope: Scope, blocks: Sequence[ast.stmt], keys: Sequence[str], told: int
) -> tuple[Callable[[Mapping[str, Value]], Code], Reads | None, Glancing | None]:
    """The function of a program, what it reads of a row, and the like for part of one. `told`: the bits with which keys
    go. Raises `RecursionError`."""
    writer = scope.writer
    taken = scope.of(ROW).taken()
    reads = writer.reads()
    result: ast.expr = load(_RESULT)
    blank: list[ast.stmt] = [assign(key, constant(None)) for key in keys]
    if keys:
        holds = ast.BinOp(load(_RESULT), ast.BitAnd(), constant(told), lineno=1, col_offset=0)
        result = choose(holds, together([result, *map(load, keys)]), result)
    functions = [
        *writer.functions,
        function(
            _VERDICT,
            [ROW, *taken.variables],
            [*taken.inside, assign(_RESULT, constant(0)), *blank, *blocks, give(result)],
        ),
        function(
            _DECIDE,
            [ROW],
            [*taken.taking, give(call(load(_VERDICT), load(ROW), *map(load, taken.variables)))],
        ),
    ]
    made = assemble(functions, writer.names.objects)
    glancing = None
    if reads is not None:
        # null is not the same as nothing in a row that is put together again
        as_row = taken.needs_row or writer.needs_row
        writer.functions.clear()  # what was made of them is kept, and the writer is

        def depths() -> Depths:
            return Depths(*writer.branches(), made)

        glancing = Glancer(depths, reads, taken.columns, taken.members, as_row, not writer.collects)
    return made[_DECIDE], reads, glancing


class _Wording(Struct):
    """How a program words the verdicts of one policy."""

    place: int
    """Where codes hold its key."""
    key: str
    """The variable of its key."""
    reason: Reason | None = None


def _nothing(row: object) -> int:
    return 0


def may_judge(policy: CompiledPolicy, type: str, aliases: AliasTable) -> bool:
    """Whether a policy may give a state on a type at all; what is undecided here is decided later."""
    if policy.effect is not None and not policy.guard.lets(fold(type)):
        return False  # what `refusal` says too, of most policies and at more length
    if same_text(policy.assigned.definition.policy_type, "Static"):
        return False
    if policy.effect is None:
        return True
    family = family_of(policy.effect)
    if family is Family.DISABLED:
        return False
    return not refusal(policy, type, aliases, family)


def _policy(
    place: int,
    situation: Situation,
    scope: Scope,
    faults: ast.expr,
    bit: int,
    wording: _Wording | None,
    recall: Recall | None,
) -> tuple[Slot | None, list[ast.stmt], int]:
    """The slot and the code of one policy, and the next bit that is free; no slot = it never gives a state."""
    policy = situation.policy
    if policy.effect is None or policy.data_plane:
        return Slot(place, always_asks=True), [], bit
    if situation.is_heavy:  # the limit may be near, which only the interpreter tells
        return Slot(place, always_asks=True), [], bit
    selected = selection(situation, scope)
    if selected is None:
        return Slot(place, always_asks=True), [], bit
    if selected.code is None and not selected.constant:
        return None, [], bit
    family = family_of(policy.effect)
    if family is Family.EXISTENCE:
        slot, block, bit = _existence(place, situation, scope, faults, bit, worded=wording is not None)
    elif family is Family.MANUAL:
        slot, block, bit = _manual(place, situation, scope, faults, bit)
    else:
        slot, block, bit = _plain(place, situation, scope, faults, bit, wording, recall)
    if slot is None or selected.code is None:
        return slot, block, bit
    if not slot.lies_outside:
        slot, bit = replace(slot, lies_outside=bit), bit << 1
    return slot, [when(selected.code, block or [nothing()], [add(_RESULT, slot.lies_outside)])], bit


def _manual(
    place: int, situation: Situation, scope: Scope, faults: ast.expr, bit: int
) -> tuple[Slot | None, list[ast.stmt], int]:
    """A manual policy: where it applies the interpreter goes on."""
    policy = situation.policy
    applies = Conditions(situation, scope).applicable(policy.rule.condition, policy.kinds)
    if applies.code is None:
        return (Slot(place, always_asks=True) if applies.constant else None), [], bit
    block = [when(applies.code, [add(_RESULT, bit)])]
    block = _safe(block, applies.plain, faults, [add(_RESULT, bit)])
    return Slot(place, asks=bit, otherwise=None), block, bit << 1


def _existence(
    place: int, situation: Situation, scope: Scope, faults: ast.expr, bit: int, *, worded: bool
) -> tuple[Slot | None, list[ast.stmt], int]:
    """A policy that looks for related resources where its rule holds, and does not apply elsewhere. `worded`: it is
    told whether an alias was read."""
    truth, note, read = _noted(situation, scope, reads=worded)
    slot = Slot(place, source=_source(truth, noted=bool(note)), fired=None, otherwise=None)
    if truth.code is None:
        return (replace(slot, always_fires=True) if truth.constant else None), [], bit
    fires, bit = bit, bit << 1
    block: list[ast.stmt] = [when(truth.expression, [add(_RESULT, fires)])]
    asks = 0
    if not truth.plain:
        asks, bit = bit, bit << 1
    block = _safe(block, truth.plain, faults, [add(_RESULT, asks)])
    block, guesses, bit = _with_note(block, note, bit)
    block, reads, bit = _with_note(block, read, bit)
    return replace(slot, fires=fires, asks=asks, guesses=guesses, reads=reads), block, bit


def _noted(situation: Situation, scope: Scope, *, reads: bool = False) -> tuple[Truth, str, str]:
    """Whether a rule holds, and the variables that tell whether that rests on a guess and, with `reads`, whether any
    alias was read; empty = they are not needed, or cannot tell."""
    condition = situation.policy.rule.condition
    first = Conditions(situation, scope)
    truth = first.truth(condition)
    names = scope.writer.names
    note = names.fresh("guess") if truth.may_guess and not truth.guesses else ""
    wanted = reads and truth.may_read and not truth.reads_if_true and not first.may_read_unnoted
    read = names.fresh("read") if wanted else ""
    if note or read:
        truth = Conditions(situation, scope, note=note, read=read).truth(condition)
    return truth, note, read


def _with_note(block: list[ast.stmt], note: str, bit: int) -> tuple[list[ast.stmt], int, int]:
    """A block with the bit that tells what is noted, if anything is; and the next bit that is free."""
    if not note:
        return block, 0, bit
    noted = [assign(note, constant(False)), *block, when(load(note), [add(_RESULT, bit)])]
    return noted, bit, bit << 1


def _plain(
    place: int,
    situation: Situation,
    scope: Scope,
    faults: ast.expr,
    bit: int,
    wording: _Wording | None,
    recall: Recall | None,
) -> tuple[Slot | None, list[ast.stmt], int]:
    """A policy that looks at the resource alone."""
    policy = situation.policy
    applies = Conditions(situation, scope).applicable(policy.rule.condition, policy.kinds)
    if applies.code is None and not applies.constant:
        return None, [], bit
    if applies.may_guess:  # the verdict rests on a guess whatever the rule itself reads
        return Slot(place, always_asks=True), [], bit
    truth, note, _ = _noted(situation, scope)
    fires, bit = bit, bit << 1
    block: list[ast.stmt] = []
    if truth.code is not None or truth.constant:
        held: list[ast.stmt] = [add(_RESULT, fires)]
        if wording is not None:
            before = len(scope.writer.functions)
            try:
                plan = plan_reasons(situation, scope)
            except TooDeep:
                del scope.writer.functions[before:]
            else:
                wording.reason = Reason(wording.place, plan.explain)
                said = [assign(wording.key, plan.key)]
                unsaid = [assign(wording.key, scope.writer.names.name_of(UNTOLD, "untold"))]
                held.append(guarded(said, faults, unsaid))
        block = [when(truth.expression, held)]
    lies_outside = 0
    if applies.code is not None:
        lies_outside, bit = bit, bit << 1
        block = [when(applies.code, block or [nothing()], [add(_RESULT, lies_outside)])]
    asks = recalls = 0
    unsure: list[ast.stmt] = []
    plain = truth.plain and applies.plain
    if not plain:
        asks, bit = bit, bit << 1
        unsure = [add(_RESULT, asks)]
        if recall is not None:
            recalls, bit = bit, bit << MOST_VERDICTS.bit_length()
            unsure = _recalled(recall, scope, recalls, unsure)
    block, guesses, bit = _with_note(_safe(block, plain, faults, unsure), note, bit)
    slot = Slot(
        place,
        fires,
        lies_outside,
        asks,
        guesses,
        source=_source(truth, noted=bool(note)),
        fired=fired_state(policy.effect or ""),
        recall=recall if recalls else None,
        recalls=recalls,
    )
    return slot, block, bit


def _recalled(recall: Recall, scope: Scope, bit: int, unknown: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Looks up what the interpreter said where the rule read the same: what it says now where that is not known."""
    names, row = scope.writer.names, scope.of(ROW)
    values = [load(row.variable(steps)) for steps in recall.steps]
    simple = names.name_of(SIMPLE, "simple")
    good = [compare(call(load("type"), value), ast.In, simple) for value in values]
    key = [constant(recall.start), *values]
    if recall.around is not None:
        key.append(call(names.name_of(recall.around, "around"), load(row.variable((ID,)))))
    number = names.fresh("number")
    found = call(names.name_of(recall.tell(), "number_of"), together(key))
    shifted = ast.BinOp(load(number), ast.Mult(), constant(bit), lineno=1, col_offset=0)
    return [
        assign(number, choose(both(good), found, constant(None)) if good else found),
        when(same(load(number), constant(None)), unknown, [add(_RESULT, shifted)]),
    ]


def _source(truth: Truth, *, noted: bool) -> AliasSource | None:
    """Where the aliases of a rule that holds come from, but for guesses that are noted."""
    if truth.guesses and not noted:
        return AliasSource.GUESSED
    if not truth.may_read:
        return AliasSource.NONE
    return AliasSource.TABLE if truth.reads_if_true else None


def _safe(block: list[ast.stmt], plain: bool, faults: ast.expr, unsure: Sequence[ast.stmt]) -> list[ast.stmt]:
    """A block that may raise, with what to do then."""
    return block if plain or not block else [guarded(block, faults, unsure)]
