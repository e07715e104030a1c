"""One policy on one resource, step by step: whether it applies, what the rule says, what is related, what follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from msgspec import Struct

from blueprinter.arm import Resource, Value
from blueprinter.casing import fold, key_of, same
from blueprinter.diagnostics import InvalidInput
from blueprinter.document import Document, Json
from blueprinter.policy.aliases import AliasTable
from blueprinter.policy.applicability import is_applicable
from blueprinter.policy.context import EvaluationContext, GivenSurroundings, LookupSurroundings
from blueprinter.policy.effects import Family, family_of
from blueprinter.policy.existence import Related, Search, find_related
from blueprinter.policy.interpret import Evaluator
from blueprinter.policy.judge import CompiledPolicy, Judgement, compile_policy, context_for, judge
from blueprinter.policy.model import AssignedPolicy, ComplianceState, Lookup
from blueprinter.policy.subject import Frame, Subject
from blueprinter.policy.syntax import Existence
from blueprinter.policy.trace import Outcome, Step, StepWriter, Tracer, as_json, outcome_of, why

SCHEMA = "blueprinter/policy-explain/1"


class Verdict(Struct, frozen=True):
    """How a question came out, why, and the steps that led there."""

    outcome: Outcome
    detail: str = ""
    steps: tuple[Step, ...] = ()

    def as_json(self) -> dict[str, Json]:
        """`{outcome, detail?, steps}`."""
        found: dict[str, Json] = {"outcome": str(self.outcome)}
        if self.detail:
            found["detail"] = self.detail
        found["steps"] = [step.as_json() for step in self.steps]
        return found


class Candidate(Struct, frozen=True):
    """A related resource, and whether it satisfies the existence condition."""

    id: str
    name: str
    verdict: Verdict


class ExistencePart(Struct, frozen=True):
    """What was looked for beside the resource, and what was found."""

    search: Search | None
    candidates: tuple[Candidate, ...]
    verdict: Verdict

    def as_json(self) -> dict[str, Json]:
        """`{search, candidates, outcome, detail?}`."""
        search: Json = None
        if self.search is not None:
            search = {"type": self.search.type, "name": self.search.name, "scope": self.search.scope}
        found: dict[str, Json] = {"search": search, "outcome": str(self.verdict.outcome)}
        if self.verdict.detail:
            found["detail"] = self.verdict.detail
        found["candidates"] = [
            {"id": one.id, "name": one.name, **one.verdict.as_json()} for one in self.candidates
        ]
        return found


class ParameterInForce(Struct, frozen=True):
    """A parameter with the value in force. `source` is `given`, `default` or `missing`."""

    name: str
    value: Json
    source: str


class Explanation(Struct, frozen=True, eq=False):
    """Everything that led to a state."""

    assigned: AssignedPolicy
    resource: Resource
    parameters: tuple[ParameterInForce, ...]
    applicable: Verdict
    rule: Verdict
    existence: ExistencePart | None
    judgement: Judgement

    @property
    def state(self) -> str:
        """The state, or `None` in words: a policy that is switched off gives none."""
        return str(self.judgement.state) if self.judgement.state is not None else "no state"

    def as_json(self) -> dict[str, Json]:
        """The machine output of `policy explain`."""
        definition, found = self.assigned.definition, self.judgement
        leaf = found.leaf
        details = list(found.details) if isinstance(found.details, tuple) else found.details
        return {
            "schema": SCHEMA,
            "policy": {
                "id": definition.id,
                "name": definition.name,
                "displayName": definition.display_name,
                "mode": definition.mode,
                "file": definition.position.file,
            },
            "resource": {"id": self.resource.id, "type": self.resource.type, "name": self.resource.name},
            "parameters": {
                one.name: {"source": one.source, **({} if one.source == "missing" else {"value": one.value})}
                for one in self.parameters
            },
            "applicable": self.applicable.as_json(),
            "rule": self.rule.as_json(),
            "existence": self.existence.as_json() if self.existence is not None else None,
            "state": str(found.state) if found.state is not None else None,
            "effect": found.effect,
            "fires": found.fires,
            "reason": str(found.reason) if found.reason is not None else None,
            "detail": found.detail,
            "details": as_json(cast(Value, details)) if details is not None else None,
            "finding": {"path": leaf.path, "expected": leaf.expected, "actual": leaf.actual}
            if leaf
            else None,
            "aliasSource": str(found.source),
        }


class Around(Struct, frozen=True, eq=False):
    """What is stated of a resource's surroundings; what is not comes from the lookup."""

    resource_group: Mapping[str, Value] | None = None
    subscription: Mapping[str, Value] | None = None
    ids: Mapping[str, Value] | None = None
    """What `policy()` gives."""
    request: Mapping[str, Value] | None = None


def explain_policy(
    assigned: AssignedPolicy,
    resource: Resource,
    lookup: Lookup,
    *,
    aliases: AliasTable,
    now: str,
    around: Around | None = None,
    strict_aliases: bool = False,
    document: Document | None = None,
) -> Explanation:
    """What a policy says of a resource, and why. `now` is ISO 8601 in UTC; `document` is the one that the definition
    was read from: it gives the lines.

    The rule is decided even where the policy does not apply, so that both can be read apart. Raises `InvalidInput`
    for what only the aliases show to be wrong.
    """
    compiled, faults = compile_policy(assigned, aliases)
    if faults:
        raise InvalidInput(faults)
    given = around or Around()
    surroundings = GivenSurroundings(
        given.resource_group, given.subscription, LookupSurroundings(resource, lookup)
    )
    context = context_for(
        compiled,
        resource,
        aliases,
        surroundings,
        now=now,
        strict=strict_aliases,
        ids=dict(given.ids) if given.ids is not None else None,
        request=dict(given.request) if given.request is not None else None,
    )
    found = judge(compiled, context, lookup)
    family = family_of(found.effect)
    skipped = _why_not_asked(compiled, found)
    if skipped:
        nothing = Verdict(Outcome.NOT_ASKED, skipped)
        return Explanation(assigned, resource, _parameters(assigned), nothing, nothing, None, found)

    def line(pointer: str) -> int:
        return document.locate(pointer).line if document is not None else 0

    condition, writer = compiled.rule.condition, StepWriter(context.subject, line)
    tracer = Tracer()
    truth = Evaluator(context, trace=tracer).holds(condition)
    rule = Verdict(outcome_of(truth), why(truth), (writer.step(condition, tracer.events[0]),))
    existence: ExistencePart | None = None
    if family is Family.EXISTENCE and compiled.rule.existence is not None and truth is True:
        tracer = Tracer()
        related = find_related(compiled.rule.existence, context, lookup, trace=tracer)
        existence = _existence(related, tracer, compiled.rule.existence, writer)
    applicable = _applicability(compiled, found, rule, context, writer)
    return Explanation(assigned, resource, _parameters(assigned), applicable, rule, existence, found)


def _why_not_asked(policy: CompiledPolicy, found: Judgement) -> str:
    if same(policy.assigned.definition.policy_type, "Static"):
        return found.detail
    return f"mode {policy.assigned.definition.mode} looks inside of the service" if policy.data_plane else ""


def _applicability(
    policy: CompiledPolicy, found: Judgement, rule: Verdict, context: EvaluationContext, writer: StepWriter
) -> Verdict:
    """Whether the policy applies: the verdict of Azure's own shortened rule, apart from that of the whole rule."""
    if found.state is ComplianceState.NOT_APPLICABLE and found.detail:
        return Verdict(Outcome.FALSE, found.detail)
    if family_of(found.effect) is Family.EXISTENCE:
        return Verdict(rule.outcome, "a policy about related resources applies where its `if` holds")
    tracer = Tracer()
    truth = is_applicable(policy.rule.condition, policy.kinds, Evaluator(context, trace=tracer))
    steps = tuple(
        writer.step(event.about, event, f"a{place}")
        for place, event in enumerate(tracer.events, start=1)
        if not isinstance(event.about, (Frame, Resource))
    )
    detail = "" if steps else "no condition on type, name or kind limits it"
    return Verdict(outcome_of(truth), why(truth) or detail, steps)


def _existence(related: Related, tracer: Tracer, existence: Existence, writer: StepWriter) -> ExistencePart:
    events = {id(event.about): event for event in tracer.events}
    candidates: list[Candidate] = []
    for place, resource in enumerate(related.candidates, start=1):
        event = events.get(id(resource))
        if existence.condition is None:
            verdict = Verdict(Outcome.TRUE, "no existence condition: that it exists suffices")
        elif event is None:
            verdict = Verdict(Outcome.NOT_ASKED, "another one satisfies already")
        else:
            own = StepWriter(Subject(resource, writer.subject.aliases), writer.line)
            step = own.step(existence.condition, event.inside[0] if event.inside else None, f"e{place}")
            verdict = Verdict(outcome_of(event.truth), why(event.truth), (step,))
        candidates.append(Candidate(resource.id, resource.name, verdict))
    return ExistencePart(
        related.search, tuple(candidates), Verdict(outcome_of(related.exists), why(related.exists))
    )


def _parameters(assigned: AssignedPolicy) -> tuple[ParameterInForce, ...]:
    found: list[ParameterInForce] = []
    missing = set(map(fold, assigned.missing))
    for parameter in assigned.definition.parameters.values():
        key = key_of(assigned.parameters, parameter.name)
        if fold(parameter.name) in missing or (key is None and not parameter.has_default):
            found.append(ParameterInForce(parameter.name, None, "missing"))
        elif key is not None:
            found.append(ParameterInForce(parameter.name, assigned.parameters[key], "given"))
        else:
            found.append(ParameterInForce(parameter.name, parameter.default, "default"))
    return tuple(found)
