"""A policy set over rows of an inventory, by the million: programs by resource type, and the interpreter for the rest.

What a program says is what `PolicySet.run` would say of the row as a resource, without an object for each verdict.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from blueprinter.arm import Resource, Value
from blueprinter.casing import fold
from blueprinter.collection import without_collection
from blueprinter.policy.applicability import kind_of
from blueprinter.policy.asking import Asking
from blueprinter.policy.batch import PolicySet, state_of
from blueprinter.policy.compiled import (
    FAULTS,
    Code,
    Outcome,
    Program,
    Recalls,
    Target,
    may_be_alike,
    may_judge,
    traits_of,
    write_program,
)
from blueprinter.policy.conflicts import WRITING
from blueprinter.policy.effects import family_of, fired_state
from blueprinter.policy.fields import FieldKind
from blueprinter.policy.interpret import Leaf
from blueprinter.policy.judge import CompiledPolicy, Judgement
from blueprinter.policy.model import Lookup, PolicyState
from blueprinter.policy.reach import lies_in
from blueprinter.policy.scopes import ByScope

_MOST = 5_000
"""Programs that are kept."""


class BulkPolicies:
    """Programs of a policy set, each made when a type is first met. Not for sets that want all states."""

    __slots__ = (
        "_alike",
        "_by_spelling",
        "_lookup",
        "_may_be_alike",
        "_programs",
        "_recalls",
        "_single",
        "_worded",
        "circles",
        "policies",
    )

    def __init__(self, policies: PolicySet, lookup: Lookup | None = None, *, worded: bool = False) -> None:
        """`lookup`: the estate that all rows are of; programs may then know what the interpreter said of other rows.
        `worded`: the codes of the programs tell what decided, too, of which nothing is known beforehand."""
        self.policies = policies
        self._lookup = lookup
        self._recalls = (
            None if lookup is None or worded else Recalls(worded=False, conflicts=policies.may_conflict)
        )
        self._worded = worded
        self._programs: dict[tuple[str, str, frozenset[int]], Program] = {}
        self._single: dict[tuple[str, str, int], Program] = {}
        self._alike: dict[Hashable, Program] = {}
        """Programs for types that their policies cannot tell apart, by what they see of them."""
        everyone = policies.policies
        scopes = [scope for one in everyone for scope in (one.assigned.scope, *one.assigned.not_scopes)]

        def circle(id: str) -> frozenset[int]:
            return frozenset(place for place, one in enumerate(everyone) if lies_in(one.assigned, id))

        self.circles: ByScope[frozenset[int]] = ByScope(scopes, circle)
        """The places of the policies that are assigned where an id lies."""
        self._may_be_alike = [may_be_alike(one) for one in everyone]
        self._by_spelling = any(
            kind_of(compare) is FieldKind.TYPE and compare.operator.name in ("match", "notMatch")
            for one in everyone
            for compare in one.rule.compares
        )

    def program(self, type: str, api_version: str, circle: frozenset[int]) -> Program:
        """The program for rows of a type of which that API version is known, in force where `circles` said."""
        key = (type if self._by_spelling else fold(type), api_version, circle)
        found = self._programs.get(key)
        if found is None:
            if len(self._programs) >= _MOST:
                self._programs.clear()
            with without_collection():
                found = self._write(type, api_version, circle, worded=self._worded)
            self._programs[key] = found
        return found

    def _write(self, type: str, api_version: str, circle: frozenset[int], *, worded: bool) -> Program:
        policies = self.policies
        target = self._target(type, api_version)
        seen = target.subject.type
        chosen = [
            (place, one)
            for place, one in enumerate(policies.policies)
            if place in circle and may_judge(one, seen, target.aliases)
        ]

        def written() -> Program:
            recalls = None if worded else self._recalls
            return write_program(
                chosen, target, conflicts=policies.may_conflict, worded=worded, recalls=recalls
            )

        if not all(self._may_be_alike[place] for place, _ in chosen):
            return written()
        traits = [traits_of(one, target) for _, one in chosen]
        if None in traits:
            return written()
        key = (tuple([place for place, _ in chosen]), tuple(traits), api_version, worded)
        found = self._alike.get(key)
        if found is None:
            if len(self._alike) >= _MOST:
                self._alike.clear()
            found = self._alike[key] = written()
        return found.about(target)

    def _alone(self, place: int, type: str, api_version: str) -> Program:
        """The worded program of one policy."""
        key = (type if self._by_spelling else fold(type), api_version, place)
        found = self._single.get(key)
        if found is None:
            if len(self._single) >= _MOST:
                self._single.clear()
            found = self._single[key] = self._write(type, api_version, frozenset((place,)), worded=True)
        return found

    def _target(self, type: str, api_version: str) -> Target:
        policies = self.policies
        return Target(type, api_version, policies.aliases, policies.now, policies.strict_aliases)

    def state(
        self, program: Program, outcome: Outcome, code: Code, resource: Resource, lookup: Lookup
    ) -> PolicyState:
        """The whole state behind an outcome that is one: as `PolicySet.run` gives it. `code`: of the resource."""
        policy = self.policies.policies[outcome.policy]
        leaf = None
        if outcome.source is not None and not policy.rule.has_details:
            leaf = self._leaf(program, outcome, code, resource.body)
        if leaf is None or outcome.source is None:
            return self.policies.judge([policy], resource, lookup)[0]
        found = Judgement(outcome.state, policy.effect or "", fires=True, leaf=leaf, source=outcome.source)
        return state_of(policy.assigned, resource, found)

    def state_of_policy(self, place: int, resource: Resource, lookup: Lookup, code: Code = 0) -> PolicyState:
        """The state of one policy, which gives one on the resource, as `PolicySet.run` would. `code`: of the resource,
        if its program is worded and gave one that says what decided."""
        wanted = self.policies.policies[place]
        if self.policies.may_conflict and may_write(wanted):
            states = self.policies.run(resource, lookup)
        elif (found := self._worded_state(place, resource, lookup, code)) is not None:
            return found
        else:
            states = self.policies.judge([wanted], resource, lookup)
        return next(state for state in states if state.assigned is wanted.assigned)

    def _worded_state(self, place: int, resource: Resource, lookup: Lookup, code: Code) -> PolicyState | None:
        """The state of one policy where a program says that its rule holds."""
        if self._worded:
            program = self.program(resource.type, resource.api_version, self.circles(resource.id))
        else:
            program = self._alone(place, resource.type, resource.api_version)
        if isinstance(code, int):
            try:
                code = program.decide(resource.body)
            except FAULTS:
                return None
        wanted = fired_state(self.policies.policies[place].effect or "")
        outcome = program.outcome(place, code)
        if outcome is None or outcome.state is not wanted:
            return None
        return self.state(program, outcome, code, resource, lookup)

    def _leaf(self, program: Program, outcome: Outcome, code: Code, row: Mapping[str, Value]) -> Leaf | None:
        """What decided that the rule of a policy holds; None = the interpreter must be asked, or says nothing."""
        reason = program.reason(outcome.policy)
        if reason is None or isinstance(code, int):
            return None
        try:
            return reason.leaf(row, reason.key(code))
        except FAULTS:
            return None

    def asking(self, lookup: Lookup, *, worded: bool = True) -> Asking:
        """What asks the interpreter where programs cannot tell; unless `worded` it is not told what decided. The estate
        that `lookup` knows has to stay as it is."""
        recalls = None if worded or lookup is not self._lookup else self._recalls
        return Asking(self.policies, lookup, recalls, worded=worded)


def may_write(policy: CompiledPolicy) -> bool:
    """Whether a policy may write to a resource, so that what others write matters for its state."""
    return policy.effect is None or family_of(policy.effect) in WRITING
