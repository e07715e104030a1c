"""A run from its JSON document: every format can then be written without evaluating again.

What the document does not hold (rules of policies, bodies of resources) no format needs. Writing a run that was
read gives the same document, and every other format the same text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from blueprinter.arm import Origin, Resource
from blueprinter.blueprint import (
    AutomationClass,
    Control,
    ControlGroup,
    ControlKind,
    ControlMapping,
    Framework,
    Link,
    LinkTarget,
    Responsibility,
    Strength,
)
from blueprinter.casing import fold
from blueprinter.compliance import (
    Attested,
    ConformanceFigure,
    ControlResult,
    ControlState,
    Finding,
    Inherited,
    LinkOutcome,
    LinkResult,
    Pair,
    PolicySeverity,
    Population,
    ResourceFacts,
    Run,
    ScopeCoverage,
    Tested,
    figures,
)
from blueprinter.diagnostics import Diagnostic, InvalidInput, Position, Severity, error
from blueprinter.document import parse
from blueprinter.policy import (
    AliasSource,
    AssignedPolicy,
    ComplianceState,
    PolicyDefinition,
    PolicyState,
    UnsupportedReason,
    read_definition,
)
from blueprinter.report.json_ import SCHEMA
from blueprinter.report.reading_registers import (
    attestation_of,
    certificate_of,
    exemption_of,
    statement_of,
)
from blueprinter.report.reading_runs import comparison_of, fraction_of, moment_of, point_of

Record = Mapping[str, Any]
_NOWHERE = Position("")
_NO_RULE = '{"if": {"field": "type", "exists": false}, "then": {"effect": "audit"}}'
"""Rules are not saved; a definition that is read back has one that no format looks at."""


def read_run(text: bytes, file: str) -> Run:
    """The run that a document of `evaluate -o json` or of the history holds; `file` is named in messages.

    Raises `InvalidInput` (BP290) where it is no such document, or lost a part.
    """
    hint = f"such a file is written by `blueprinter evaluate -o json=run.json`; its `schema` is `{SCHEMA}`"
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as found:
        message = f"this is no saved evaluation: {found}"
        raise InvalidInput([error("BP290", message, Position(file), hint)]) from found
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise InvalidInput([error("BP290", "this is no saved evaluation", Position(file), hint)])
    try:
        return _run(value)
    except (KeyError, TypeError, ValueError, AttributeError) as found:
        message = (
            f"the saved evaluation is damaged or of another version: {type(found).__name__} at `{found}`"
        )
        raise InvalidInput([error("BP290", message, Position(file))]) from found


def _run(whole: Record) -> Run:
    header = whole["run"]
    results = tuple(_result(row) for row in whole["controls"])
    framework = _framework(header["framework"], whole["controls"], results)
    counted = figures(
        results,
        framework.counted if framework else (),
        has_score=framework.has_score if framework else False,
    )
    plain = read_definition(parse(_NO_RULE, "saved.json"))
    policies = {fold(row["id"]): _policy(row, plain) for row in whole["policies"]}
    blueprint = header["blueprint"] or {}
    counts = whole["counts"]
    return Run(
        run_id=header["id"],
        tool_version=header["toolVersion"],
        now=moment_of(header["now"]),
        blueprint=blueprint.get("name", ""),
        blueprint_version=blueprint.get("version", ""),
        blueprint_title=blueprint.get("title", ""),
        assignment=header["assignment"] or "",
        framework=framework,
        population=_population(whole["population"]),
        results=results,
        state_counts={ControlState(state): count for state, count in counts["states"].items()},
        coverage=fraction_of(whole["coverage"]),
        score=fraction_of(whole["score"]) if whole["score"] else counted.score,
        score_shown=whole["score"] is not None,
        resource_score=fraction_of(whole["resourceScore"]),
        pair_counts=_pairs(counts["results"]),
        findings=tuple(_finding(row, policies) for row in whole["findings"]),
        findings_total=whole["findingsTotal"],
        exemptions=tuple(exemption_of(row) for row in whole["exemptions"]),
        policies_evaluated=counts["policiesEvaluated"],
        pairs_decided=counts["pairsDecided"],
        unmapped_policies=tuple(whole["unmappedPolicies"]),
        not_run_live_only=counts["liveOnlyNotRun"],
        template_only=header["templateOnly"],
        diagnostics=tuple(_diagnostic(row) for row in whole["diagnostics"]),
        headline=tuple(whole["headline"]),
        pack_sha256=blueprint.get("sha256", ""),
        warn_days=header["warnDays"],
        cloud=header["cloud"],
        attestations=tuple(attestation_of(row) for row in whole["attestations"]),
        certificates=tuple(certificate_of(row) for row in whole["certificates"]),
        statement=statement_of(whole["statement"]),
        related=tuple(_related(row) for row in whole["relatedFrameworks"]),
        trend=tuple(point_of(row) for row in whole["trend"]),
        comparison=comparison_of(whole["comparison"]),
        arguments=tuple(header.get("arguments", ())),
        conformance=tuple(
            ConformanceFigure(one["family"], one["about"], one["passed"], one["cases"])
            for one in header.get("conformance", ())
        ),
    )


# --- the framework and its controls ---------------------------------------------------------------------------------


def _framework(
    row: Record | None, controls: list[Record], results: tuple[ControlResult, ...]
) -> Framework | None:
    if row is None:
        return None
    return Framework(
        id=row["id"],
        title=row["title"],
        edition=row["edition"],
        groups=_groups(row),
        controls={result.control.id: result.control for result in results},
        counted=tuple(one["id"] for one in controls if one["counted"]),
        mappings=_mappings(row),
        has_score=row["hasScore"],
        has_exclusions=row["hasExclusions"],
    )


def _related(row: Record) -> Framework:
    return Framework(
        id=row["id"],
        title=row["title"],
        edition=row["edition"],
        groups=_groups(row),
        controls={one["id"]: _control(one) for one in row["controls"]},
        counted=tuple(one["id"] for one in row["controls"] if one["counted"]),
        mappings=_mappings(row),
    )


def _groups(row: Record) -> tuple[ControlGroup, ...]:
    return tuple(ControlGroup(group["id"], group["title"]) for group in row["groups"])


def _mappings(row: Record) -> tuple[ControlMapping, ...]:
    return tuple(
        ControlMapping(one["framework"], one["from"], one["to"], one["relation"]) for one in row["mappings"]
    )


def _control(row: Record) -> Control:
    return Control(
        id=row["id"],
        title=row["title"],
        group=row["group"],
        kind=ControlKind(row["kind"]),
        leaf=row["leaf"],
        automation=AutomationClass(row["class"]),
        responsibility=Responsibility(row["responsibility"]),
        reason=row.get("classReason", ""),
    )


def _result(row: Record) -> ControlResult:
    return ControlResult(
        control=_control(row),
        state=ControlState(row["state"]),
        tested=Tested(row["tested"]),
        attested=Attested(row["attested"]),
        inherited=Inherited(row["inherited"]),
        severity=PolicySeverity(row["severity"]) if row["severity"] else None,
        declared_gap=row["declaredGap"],
        signal=row["signal"],
        reasons=tuple(row["reasons"]),
        flags=tuple(row["flags"]),
        links=tuple(_link(one, row["id"]) for one in row["links"]),
        judged=row["judged"],
        applicable=row["applicable"],
        failing=row["failing"],
        waived_only=row["waivedOnly"],
        from_tests=row["fromTests"],
    )


def _link(row: Record, control: str) -> LinkResult:
    link = Link(
        control,
        LinkTarget(row["target"]),
        row["test"],
        Strength(row["strength"]),
        row["why"],
        row["liveOnly"],
        row["equivalent"] or "",
        row["source"],
        reference=row.get("reference") or "",
    )
    return LinkResult(
        link,
        LinkOutcome(row["outcome"]),
        PolicySeverity(row["severity"]),
        row["displayName"],
        {Pair(pair): count for pair, count in row["counts"].items()},
        row["reason"],
        not row["enforced"],
    )


# --- the population and its findings --------------------------------------------------------------------------------


def _population(row: Record) -> Population:
    return Population(
        source=row["source"],
        files=tuple(row["files"]),
        sha256=row["sha256"],
        resources=row["resources"],
        types=row["types"],
        untested_types=tuple(row["untestedTypes"]),
        scopes=tuple(
            ScopeCoverage(one["scope"], one["name"], one["status"], one["resources"], one["detail"])
            for one in row["scopes"]
        ),
        has_manifest=row["hasManifest"],
        collected_by=row["collectedBy"],
        started_at=row["startedAt"],
        ended_at=row["endedAt"],
        unreadable=row["unreadable"],
        without_properties=row["withoutProperties"],
        stale=row["stale"],
        partial=row["partial"],
    )


def _policy(row: Record, plain: PolicyDefinition) -> PolicyDefinition:
    return replace(
        plain,
        id=row["id"],
        name=row["name"],
        display_name=row["displayName"],
        description=row["description"],
        policy_type=row["policyType"],
        version=row["version"],
        category=row["category"],
        severity=PolicySeverity(row["severity"]),
        metadata={key: row[key] for key in ("remediation", "documentation") if row[key]},
    )


def _finding(row: Record, policies: Mapping[str, PolicyDefinition]) -> Finding:
    facts = row["resource"]
    resource = Resource(row["resourceId"], row["resourceType"], row["resourceName"], {}, _origin(row))
    assigned = AssignedPolicy(
        policies[fold(row["policyDefinitionId"])],
        assignment_id=row["policyAssignmentId"] or "",
        reference_id=row["policyDefinitionReferenceId"] or "",
        enforced=row["enforced"],
    )
    state = PolicyState(
        assigned,
        resource,
        ComplianceState(row.get("withoutExemption") or row["complianceState"]),
        effect=row["effect"],
        reason=UnsupportedReason(row["reason"]) if "reason" in row else None,
        detail=row["detail"],
        path=row.get("path", ""),
        expected=row.get("expected", ""),
        actual=row.get("actual", ""),
        alias_source=AliasSource(row["aliasSource"]),
    )
    return Finding(
        state,
        Pair(row["result"]),
        PolicySeverity(row["severity"]),
        tuple(row["controls"]),
        row["exemption"] or "",
        row["firstSeen"] or "",
        ResourceFacts(
            owner=facts["owner"] or "",
            environment=facts["environment"] or "",
            data_class=facts["dataClass"] or "",
            location=facts["location"] or "",
            exposed=facts["publicPath"],
        ),
    )


def _origin(row: Record) -> Origin:
    place = Position(
        row.get("file", ""),
        row.get("line", 0),
        row.get("column", 0),
        row.get("endLine", 0),
        row.get("endColumn", 0),
    )
    if not place.end_line:
        return Origin(place.file, place.line, place.column)
    return Origin(place.file, place.line, place.column, lambda _: place)


# --- small values ---------------------------------------------------------------------------------------------------


def _diagnostic(row: Record) -> Diagnostic:
    place = Position(
        row["file"], row["line"], row["column"], row["endLine"], row["endColumn"], row["pointer"]
    )
    return Diagnostic(row["code"], Severity(row["severity"]), row["message"], row["hint"], place)


def _pairs(counts: Mapping[str, int]) -> dict[Pair, int]:
    return {pair: counts.get(pair, 0) for pair in Pair}
