"""The JSON document of an evaluation, `blueprinter/evaluate/1`; its schema is `schemas/evaluate-1.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from blueprinter.blueprint import ControlGroup, ControlMapping, Framework
from blueprinter.casing import fold
from blueprinter.compliance import (
    ControlResult,
    ExemptionUse,
    Fraction,
    LinkResult,
    Pair,
    Population,
    Run,
)
from blueprinter.document import Json, json_pieces
from blueprinter.policy import PolicyDefinition
from blueprinter.report.json_registers import (
    attestation_record,
    certificate_record,
    evidence_record,
    statement_record,
)
from blueprinter.report.json_runs import comparison_record, trend_record
from blueprinter.report.options import ReportOptions
from blueprinter.report.records import finding_record
from blueprinter.report.words import stamp

SCHEMA = "blueprinter/evaluate/1"
SCHEMA_FILE = Path(__file__).parent / "schemas" / "evaluate-1.json"


def write_json(run: Run, options: ReportOptions) -> Iterator[str]:
    """The whole document, indented; at most `max_findings` findings, worst first, with their total."""
    yield from json_pieces(_members(run, options))


def _members(run: Run, options: ReportOptions) -> dict[str, object]:
    """The members of the document; what may be long is an iterator."""
    counted = frozenset(run.framework.counted) if run.framework else frozenset[str]()
    return {
        "schema": SCHEMA,
        "run": _header(run),
        "population": _population(run.population),
        "headline": list(run.headline),
        "counts": {
            "states": {str(state): count for state, count in run.state_counts.items()},
            "results": _pairs(run.pair_counts),
            "policiesEvaluated": run.policies_evaluated,
            "pairsDecided": run.pairs_decided,
            "liveOnlyNotRun": run.not_run_live_only,
        },
        "coverage": _fraction(run.coverage),
        "score": _fraction(run.score) if run.score_shown else None,
        "resourceScore": _fraction(run.resource_score),
        "controls": (_control(result, counted) for result in run.results),
        "findings": (finding_record(found) for found in run.findings[: options.max_findings]),
        "findingsTotal": run.findings_total,
        "policies": _policies(run, options),
        "exemptions": [_exemption(use) for use in run.exemptions],
        "attestations": [attestation_record(use) for use in run.attestations],
        "certificates": [certificate_record(use) for use in run.certificates],
        "statement": run.statement and statement_record(run.statement),
        "relatedFrameworks": [_related(framework) for framework in run.related],
        "trend": [trend_record(point) for point in run.trend],
        "comparison": run.comparison and comparison_record(run.comparison),
        "unmappedPolicies": list(run.unmapped_policies),
        "diagnostics": [found.as_json() for found in run.diagnostics],
    }


def _header(run: Run) -> dict[str, object]:
    framework = run.framework
    blueprint = {
        "name": run.blueprint,
        "version": run.blueprint_version,
        "title": run.blueprint_title,
        "sha256": run.pack_sha256,
    }
    return {
        "id": run.run_id,
        "toolVersion": run.tool_version,
        "now": stamp(run.now),
        "blueprint": blueprint if run.blueprint else None,
        "assignment": run.assignment or None,
        "cloud": run.cloud,
        "framework": framework
        and {
            "id": framework.id,
            "title": framework.title,
            "edition": framework.edition,
            "counted": len(framework.counted),
            "hasScore": framework.has_score,
            "hasExclusions": framework.has_exclusions,
            "groups": [_group(group) for group in framework.groups],
            "mappings": [_mapping(row) for row in framework.mappings],
        },
        "templateOnly": run.template_only,
        "warnDays": run.warn_days,
        "arguments": list(run.arguments),
        "conformance": [
            {"family": one.family, "about": one.about, "passed": one.passed, "cases": one.cases}
            for one in run.conformance
        ],
    }


def _group(group: ControlGroup) -> dict[str, object]:
    return {"id": group.id, "title": group.title}


def _mapping(row: ControlMapping) -> dict[str, object]:
    return {"framework": row.framework, "from": row.source, "to": row.target, "relation": row.relation}


def _related(framework: Framework) -> dict[str, object]:
    """Another edition: what its controls are called, and where they went."""
    return {
        "id": framework.id,
        "title": framework.title,
        "edition": framework.edition,
        "groups": [_group(group) for group in framework.groups],
        "controls": [
            {
                "id": control.id,
                "title": control.title,
                "group": control.group,
                "kind": str(control.kind),
                "leaf": control.leaf,
                "counted": control.id in framework.counted,
                "class": str(control.automation),
                "responsibility": str(control.responsibility),
            }
            for control in framework.controls.values()
        ],
        "mappings": [_mapping(row) for row in framework.mappings],
    }


def _policies(run: Run, options: ReportOptions) -> list[dict[str, object]]:
    """The definitions behind the findings of the document, each once, by id."""
    definitions = {
        fold(found.state.assigned.definition.id): found.state.assigned.definition
        for found in run.findings[: options.max_findings]
    }
    return [_policy(definition) for _, definition in sorted(definitions.items())]


def _policy(definition: PolicyDefinition) -> dict[str, object]:
    metadata = definition.metadata
    return {
        "id": definition.id,
        "name": definition.name,
        "displayName": definition.display_name,
        "description": definition.description,
        "category": definition.category,
        "version": definition.version,
        "policyType": definition.policy_type,
        "severity": str(definition.severity),
        "remediation": _said(metadata, "remediation"),
        "documentation": _said(metadata, "documentation"),
    }


def _said(metadata: Mapping[str, Json], key: str) -> str:
    value = metadata.get(key)
    return value if isinstance(value, str) else ""


def _population(population: Population) -> dict[str, object]:
    return {
        "source": population.source,
        "files": list(population.files),
        "sha256": population.sha256,
        "resources": population.resources,
        "types": dict(sorted(population.types.items())),
        "untestedTypes": list(population.untested_types),
        "scopes": [
            {
                "scope": scope.scope,
                "name": scope.name,
                "status": scope.status,
                "resources": scope.resources,
                "detail": scope.detail,
            }
            for scope in population.scopes
        ],
        "hasManifest": population.has_manifest,
        "collectedBy": population.collected_by,
        "startedAt": population.started_at,
        "endedAt": population.ended_at,
        "unreadable": population.unreadable,
        "withoutProperties": population.without_properties,
        "stale": population.stale,
        "partial": population.partial,
    }


def _control(result: ControlResult, counted: frozenset[str]) -> dict[str, object]:
    control = result.control
    return {
        "id": control.id,
        "title": control.title,
        "group": control.group,
        "kind": str(control.kind),
        "leaf": control.leaf,
        "counted": control.id in counted,
        "class": str(control.automation),
        "responsibility": str(control.responsibility),
        "classReason": control.reason,
        "state": str(result.state),
        "tested": str(result.tested),
        "attested": str(result.attested),
        "inherited": str(result.inherited),
        "severity": result.severity and str(result.severity),
        "declaredGap": result.declared_gap,
        "signal": result.signal,
        "waivedOnly": result.waived_only,
        "fromTests": result.from_tests,
        "reasons": list(result.reasons),
        "flags": list(result.flags),
        "judged": result.judged,
        "applicable": result.applicable,
        "failing": result.failing,
        "links": [_link(outcome) for outcome in result.links],
    }


def _link(outcome: LinkResult) -> dict[str, object]:
    return {
        "test": outcome.link.test,
        "target": str(outcome.link.target),
        "displayName": outcome.display_name,
        "strength": str(outcome.link.strength),
        "why": outcome.link.why,
        "source": outcome.link.source,
        "liveOnly": outcome.link.live_only,
        "equivalent": outcome.link.equivalent or None,
        "reference": outcome.link.reference or None,
        "outcome": str(outcome.outcome),
        "severity": str(outcome.severity),
        "reason": outcome.reason,
        "enforced": not outcome.not_enforced,
        "counts": _pairs(outcome.counts),
    }


def _exemption(use: ExemptionUse) -> dict[str, object]:
    exemption = use.exemption
    return {
        "name": exemption.name,
        "status": use.status,
        "resources": use.resources,
        "category": str(exemption.category),
        "scope": exemption.scope,
        "assignment": exemption.assignment,
        "policies": list(exemption.policies),
        "controls": list(exemption.controls),
        "reason": exemption.reason,
        "owner": exemption.owner,
        "approvedBy": exemption.approved_by,
        "ticket": exemption.ticket,
        "evidence": [evidence_record(item) for item in exemption.evidence],
        "expiresOn": exemption.expires_on.isoformat(),
    }


def _pairs(counts: Mapping[Pair, int]) -> dict[str, int]:
    """Counts by state in the order of the vocabulary; what did not occur is left out."""
    return {str(pair): counts[pair] for pair in Pair if counts.get(pair)}


def _fraction(value: Fraction) -> dict[str, object]:
    return {"part": value.part, "whole": value.whole, "percent": value.percent}
