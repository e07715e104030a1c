"""Small runs from data: one control, its tests with the states they gave, registers, and a population."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from blueprinter.arm import Resource
from blueprinter.blueprint import (
    Attestation,
    AttestationState,
    AutomationClass,
    Blueprint,
    Control,
    ControlKind,
    Evidence,
    Exemption,
    ExemptionCategory,
    Framework,
    InheritedEvidence,
    Link,
    LinkTarget,
    Registers,
    ResolvedBlueprint,
    Responsibility,
    SoaEntry,
    Strength,
)
from blueprinter.compliance import EvaluateOptions, Population, Run, ScopeCoverage, evaluate
from blueprinter.diagnostics import Diagnostic, Position
from blueprinter.document import Document, parse
from blueprinter.policy import (
    AliasSource,
    AssignedPolicy,
    ComplianceState,
    Lookup,
    NotCollected,
    PolicyDefinition,
    PolicyState,
    UnsupportedReason,
    definition_key,
    read_definition,
)

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
TODAY = NOW.date()
SUB = "/subscriptions/11111111-1111-4111-8111-111111111111"
STORAGE = "Microsoft.Storage/storageAccounts"
NOWHERE = Position("registers.yaml", 1, 1)


def resource(name: str, type: str = STORAGE, subscription: str = SUB) -> Resource:
    id = f"{subscription}/resourceGroups/rg/providers/{type}/{name}"
    return Resource(id, type, name, {"id": id, "type": type, "name": name, "properties": {}})


def definition(name: str, *, effect: str = "Audit", severity: str = "high", **more: Any) -> PolicyDefinition:
    """A definition about storage accounts."""
    value = {
        "name": name,
        "properties": {
            "displayName": name.replace("-", " "),
            "mode": "All",
            "metadata": {"severity": severity, **more.pop("metadata", {})},
            "policyRule": {"if": {"field": "type", "equals": STORAGE}, "then": {"effect": effect}},
            **more,
        },
    }
    return read_definition(parse(json.dumps(value), f"{name}.json"))


def exemption(**changes: Any) -> Exemption:
    plain = Exemption(
        name="legacy",
        scope=SUB,
        assignment="contoso",
        policies=(),
        controls=("A.1",),
        category=ExemptionCategory.WAIVER,
        reason="until migration",
        owner="team",
        approved_by="ciso",
        ticket="RISK-1",
        evidence=(),
        expires_on=date(2027, 3, 31),
        position=NOWHERE,
    )
    return replace(plain, **changes)


def attestation(**changes: Any) -> Attestation:
    plain = Attestation(
        control="A.1",
        policy="",
        framework="iso-27001-2022",
        scope="",
        state=AttestationState.COMPLIANT,
        owner="hr@contoso.example",
        approved_by="ciso@contoso.example",
        method="examine",
        assessed_on=date(2026, 10, 1),
        expires_on=date(2027, 10, 1),
        comments="",
        evidence=(Evidence("minutes", "evidence/minutes.pdf", "00", True),),
        position=NOWHERE,
    )
    return replace(plain, **changes)


def certificate(**changes: Any) -> InheritedEvidence:
    plain = InheritedEvidence(
        id="azure-iso27001",
        kind="certificate",
        standard="iso-27001-2022",
        provider="Microsoft",
        clouds=("AzureCloud",),
        services={"Microsoft.Storage": "in"},
        controls=("A.1",),
        valid_from=date(2025, 12, 1),
        valid_to=date(2028, 11, 30),
        where="portal",
        sha256="",
        reviewed_by="ciso",
        reviewed_on=date(2026, 11, 1),
        position=NOWHERE,
    )
    return replace(plain, **changes)


def control(
    id: str = "A.1",
    automation: AutomationClass = AutomationClass.TECHNICAL,
    responsibility: Responsibility = Responsibility.CUSTOMER,
) -> Control:
    return Control(id, "Title", "A", ControlKind.CONTROL, True, automation, responsibility)


def framework(*controls: Control, id: str = "iso-27001-2022") -> Framework:
    by_id = {one.id: one for one in controls}
    return Framework(id, "ISO/IEC 27001:2022", "2022", (), by_id, tuple(by_id))


def blueprint_of(
    links: Sequence[Link], policies: Sequence[AssignedPolicy], own: Framework | None, **changes: Any
) -> ResolvedBlueprint:
    empty = Document("blueprint.yaml", "", {}, lambda text: {})
    blueprint = Blueprint(
        "iso", "ISO view", "", "1.0.0", Path(), False, empty, {}, {}, (), own, tuple(links), ()
    )
    plain = ResolvedBlueprint(
        blueprint=blueprint,
        framework=own,
        links=tuple(links),
        policies=tuple(policies),
        absent={},
        parameters={},
        resource_groups={},
        artifacts=(),
        unmapped=(),
        diagnostics=(),
    )
    return replace(plain, **changes)


@dataclass(frozen=True)
class GivenStates:
    """A source that knows its states."""

    given: tuple[PolicyState, ...]

    def states(self, scope: str) -> Iterator[PolicyState]:
        yield from self.given


@dataclass(frozen=True)
class GivenEstate:
    """A population that knows itself."""

    held: tuple[Resource, ...]
    stale: bool = False
    partial: bool = False
    scopes: tuple[str, ...] = (SUB,)
    remarks: tuple[Diagnostic, ...] = field(default=())

    def resources(self) -> Iterator[Resource]:
        yield from self.held

    def groups(self, types: Collection[str]) -> Iterator[tuple[Iterator[Resource], Lookup]]:
        yield self.resources(), lambda type, name, scope: NotCollected()

    def population(self) -> Population:
        types: dict[str, int] = {}
        for one in self.held:
            types[one.type] = types.get(one.type, 0) + 1
        scopes = [ScopeCoverage(scope, scope[-4:], "read", len(self.held)) for scope in self.scopes]
        if self.partial:
            scopes.append(ScopeCoverage("/subscriptions/refused", "refused", "refused", 0, "no Reader role"))
        return Population(
            source="inventory",
            files=("estate.jsonl",),
            sha256="ab" * 32,
            resources=len(self.held),
            types=types,
            untested_types=(),
            scopes=tuple(scopes),
            has_manifest=True,
            collected_by="reader",
            started_at="2026-11-20T05:00:00Z",
            ended_at="2026-11-20T05:10:00Z",
            unreadable=0,
            without_properties=0,
            stale=self.stale,
            partial=self.partial,
        )

    def services(self) -> tuple[tuple[str, str], ...]:
        return tuple(sorted({("AzureCloud", one.type.partition("/")[0]) for one in self.held}))

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self.remarks


def state_of(
    assigned: AssignedPolicy, on: Resource, state: str = "NonCompliant", *, guessed: bool = False
) -> PolicyState:
    found = ComplianceState(state)
    return PolicyState(
        assigned,
        on,
        found,
        effect="Audit",
        reason=UnsupportedReason.RUNTIME_VALUE if found is ComplianceState.UNSUPPORTED else None,
        alias_source=AliasSource.GUESSED if guessed else AliasSource.NONE,
    )


def run_of(case: dict[str, Any]) -> Run:
    """A run of one control `A.1` from a case of `golden-examples.yaml`."""
    links: list[Link] = []
    policies: list[AssignedPolicy] = []
    states: list[PolicyState] = []
    held: list[Resource] = []
    for group in case.get("tests", []):
        for _ in range(group.get("times", 1)):
            name = f"test-{len(policies)}"
            more = {"mode": group["mode"]} if "mode" in group else {}
            assigned = AssignedPolicy(
                definition(
                    name, effect=group.get("effect", "Audit"), severity=group.get("severity", "high"), **more
                )
            )
            key = definition_key(assigned.definition.id)
            strength = Strength(group["strength"])
            links.append(
                Link("A.1", LinkTarget.POLICY, key, strength, "because", live_only=group.get("live", False))
            )
            policies.append(assigned)
            for state, count in group.get("states", {}).items():
                for _ in range(count):
                    held.append(resource(f"r{len(held)}"))
                    states.append(state_of(assigned, held[-1], state))
    held = held or [resource("lonely")]
    own = framework(control("A.1", AutomationClass(case["class"]), Responsibility(case["responsibility"])))
    registers = Registers(
        exemptions=tuple(exemption(**_dates(one)) for one in case.get("exemptions", [])),
        attestations=tuple(attestation(**_attested(one)) for one in case.get("attestations", [])),
        inherited=tuple(certificate(**_dates(one)) for one in case.get("inherited", [])),
        soa={"A.1": SoaEntry("A.1", **_dates(case["soa"]))} if "soa" in case else {},
    )
    population = case.get("population", {})
    estate = GivenEstate(tuple(held), population.get("stale", False), population.get("partial", False))
    options = EvaluateOptions(NOW, allow_partial=case.get("allow_partial", False))
    return evaluate(
        blueprint_of(links, policies, own), GivenStates(tuple(states)), estate, registers, options
    )


def _dates(values: dict[str, Any]) -> dict[str, Any]:
    """`in_days` of a date key -> a date that far from the day of the run."""
    return {
        key.removesuffix("_in_days"): TODAY + timedelta(days=value) if key.endswith("_in_days") else value
        for key, value in values.items()
    }


def _attested(values: dict[str, Any]) -> dict[str, Any]:
    found = _dates(values)
    if "state" in found:
        found["state"] = AttestationState(found["state"])
    return found
