"""Policies held against resources, fast: by the engine's programs, and by its interpreter where those cannot tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

from msgspec import Struct

from blueprinter.arm import Resource
from blueprinter.policy import (
    FAULTS,
    AssignedPolicy,
    BulkPolicies,
    Code,
    ComplianceState,
    Lookup,
    Outcome,
    PolicySet,
    PolicyState,
    Program,
    is_passed_over,
)
from blueprinter.sandbox.acting.in_force import Act, InForce, chosen_policies


class Verdict(Struct, frozen=True):
    """What one policy says of a resource."""

    assigned: AssignedPolicy
    state: ComplianceState
    effect: str


class Judge:
    """A set of policies, ready to judge many resources."""

    __slots__ = ("_bulk", "_outcomes", "policies")

    def __init__(self, policies: PolicySet) -> None:
        self.policies = policies
        self._bulk = BulkPolicies(policies)
        self._outcomes: dict[tuple[Program, Code], tuple[Outcome, ...]] = {}

    def verdicts(self, resource: Resource, lookup: Lookup) -> Iterator[Verdict]:
        """One for each policy that says something of the resource."""
        everyone = self.policies.policies
        unsure = []
        for outcome in self._outcomes_of(resource):
            policy = everyone[outcome.policy]
            if self._passes_over(policy.assigned, resource):
                continue
            if outcome.state is None or policy.effect is None:
                unsure.append(policy)
            else:
                yield Verdict(policy.assigned, outcome.state, policy.effect)
        if unsure:
            for state in self.policies.judge(unsure, resource, lookup):
                yield Verdict(state.assigned, state.state, state.effect)

    def states(
        self, resource: Resource, lookup: Lookup, wanted: Collection[ComplianceState]
    ) -> tuple[PolicyState, ...]:
        """The whole states of the policies that find one of these, and perhaps of others."""
        everyone = self.policies.policies
        asked = [
            everyone[outcome.policy]
            for outcome in self._outcomes_of(resource)
            if (outcome.state is None or outcome.state in wanted)
            and not self._passes_over(everyone[outcome.policy].assigned, resource)
        ]
        return self.policies.judge(asked, resource, lookup) if asked else ()

    def _passes_over(self, assigned: AssignedPolicy, resource: Resource) -> bool:
        return is_passed_over(assigned.definition.mode, resource, self.policies.aliases)

    def _outcomes_of(self, resource: Resource) -> tuple[Outcome, ...]:
        program = self._bulk.program(resource.type, resource.api_version, self._bulk.circles(resource.id))
        try:
            code = program.decide(resource.body)
        except FAULTS:
            return program.unknown()
        found = self._outcomes.get((program, code))
        if found is None:
            found = self._outcomes[program, code] = program.outcomes(code)
        return found


@lru_cache(maxsize=32)
def judge_of(force: InForce, groups: tuple[str, ...], act: Act, now: str) -> Judge:
    """The judge for what lies in these management groups, of the policies that act at a moment; see
    `chosen_policies`."""
    return Judge(chosen_policies(force, groups, act, now))
