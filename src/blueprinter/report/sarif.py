"""SARIF 2.1.0, which code scanning services show in place (OASIS, "Static Analysis Results Interchange Format").

A policy is a rule, a finding a result. A failure is a result of kind `fail`, one under an exemption is suppressed,
and what could not be judged is `open`. `security-severity` is the scale of 0 to 10 that GitHub sorts by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import quote

from blueprinter.casing import fold
from blueprinter.compliance import Finding, Run
from blueprinter.diagnostics import Diagnostic, Severity
from blueprinter.document import json_document
from blueprinter.policy import PolicyDefinition, PolicySeverity
from blueprinter.report.annotations import (
    EXEMPT,
    FAILED,
    Annotation,
    Region,
    annotated,
    level,
    relative_file,
    rule_ids,
    title,
)
from blueprinter.report.options import ReportOptions
from blueprinter.report.words import stamp
from blueprinter.text import for_terminal

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
"""The base of relative files: whoever reads the document knows where the sources are."""

_SCORES: Mapping[PolicySeverity, str] = {
    PolicySeverity.CRITICAL: "9.5",
    PolicySeverity.HIGH: "8.0",
    PolicySeverity.MEDIUM: "5.5",
    PolicySeverity.LOW: "2.0",
}
_LEVELS: Mapping[Severity, str] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}


def write_sarif(run: Run, options: ReportOptions) -> Iterator[str]:
    """The log with one run; at most `max_findings` results, worst first."""
    yield json_document(
        {
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [_run(run, options)],
        }
    )


def _run(run: Run, options: ReportOptions) -> dict[str, object]:
    listed = list(annotated(run, options))
    rules = _rules(listed, rule_ids(run))
    places = {id: index for index, id in enumerate(rules)}
    return {
        "tool": {
            "driver": {
                "name": "blueprinter",
                "version": run.tool_version,
                "rules": [_rule(id, findings) for id, findings in rules.items()],
            }
        },
        "automationDetails": {"id": f"blueprinter/{_plain(run.blueprint) or 'policies'}/"},
        "invocations": [
            {
                "executionSuccessful": not run.population.partial,
                "endTimeUtc": stamp(run.now),
                "toolExecutionNotifications": [
                    _notification(one, options.folder) for one in run.diagnostics[: options.max_findings]
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, places[one.rule]) for one in listed],
        "properties": {"findingsTotal": run.findings_total},
    }


def _rules(listed: list[Annotation], ids: Mapping[str, str]) -> dict[str, list[Finding]]:
    """The findings of each policy, by its rule's id, in the order of the ids."""
    found: dict[str, list[Finding]] = {id: [] for id in sorted({one.rule for one in listed})}
    for one in listed:
        found[ids[fold(one.finding.state.assigned.definition.id)]].append(one.finding)
    return found


def _rule(id: str, findings: list[Finding]) -> dict[str, object]:
    definition: PolicyDefinition = findings[0].state.assigned.definition
    controls = list(dict.fromkeys(control for finding in findings for control in finding.controls))
    about = _text(title(definition))
    rule: dict[str, object] = {"id": _plain(id), "name": _plain(title(definition)), "shortDescription": about}
    if definition.description:
        rule["fullDescription"] = _text(definition.description)
    return rule | {
        "defaultConfiguration": {"level": level(definition.severity)},
        "properties": {
            "tags": ["security", *map(_plain, controls)],
            "security-severity": _SCORES[definition.severity],
            "severity": str(definition.severity),
            "controls": [_plain(control) for control in controls],
            "policyDefinitionId": _plain(definition.id),
        },
    }


def _result(one: Annotation, rule: int) -> dict[str, object]:
    finding, state = one.finding, one.finding.state
    failed = finding.pair in FAILED | EXEMPT
    result: dict[str, object] = {
        "ruleId": _plain(one.rule),
        "ruleIndex": rule,
        "kind": "fail" if failed else "open",
        "level": level(finding.severity) if failed else "none",
        "message": _text(one.message),
        "locations": [_location(one)],
        "partialFingerprints": {"blueprinterFinding/v1": _fingerprint(one)},
    }
    if finding.pair in EXEMPT:
        justified = f"exemption {finding.exemption}" if finding.exemption else str(finding.pair)
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": _plain(justified)}
        ]
    facts: dict[str, object] = {
        "controls": [_plain(control) for control in finding.controls],
        "severity": str(finding.severity),
        "result": str(finding.pair),
        "resourceId": _plain(state.resource.id),
        "resourceType": _plain(state.resource.type),
        "reason": str(state.reason or ""),
        "path": _plain(state.path),
        "expected": _plain(state.expected),
        "actual": _plain(state.actual),
    }
    return result | {"properties": {key: value for key, value in facts.items() if value}}


def _location(one: Annotation) -> dict[str, object]:
    resource = one.finding.state.resource
    location: dict[str, object] = {
        "logicalLocations": [
            {
                "name": _plain(resource.name or resource.id),
                "fullyQualifiedName": _plain(resource.id or resource.name),
                "kind": "resource",
            }
        ]
    }
    return ({"physicalLocation": _physical(one.file, one.region)} if one.file else {}) | location


def _physical(file: str, region: Region | None) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": _artifact(file)}
    if region is not None:
        place = {"startLine": region.line, "startColumn": region.column}
        if region.end_line:
            place |= {"endLine": region.end_line, "endColumn": region.end_column}
        physical["region"] = place
    return physical


def _artifact(file: str) -> dict[str, object]:
    """A relative file below the root of the sources, any other by its full address."""
    file = for_terminal(file)
    if PurePosixPath(file).is_absolute():
        return {"uri": f"file://{quote(file)}"}
    if PureWindowsPath(file).drive:
        return {"uri": f"file:///{quote(file, safe='/:')}"}
    return {"uri": quote(file), "uriBaseId": ROOT}


def _notification(found: Diagnostic, folder: str) -> dict[str, object]:
    where = found.position
    said = f"{found.message}; {found.hint}" if found.hint else found.message
    notification: dict[str, object] = {
        "descriptor": {"id": found.code},
        "level": _LEVELS[found.severity],
        "message": _text(said),
    }
    if where.file:
        region = Region(where.line, max(where.column, 1)) if where.line else None
        notification["locations"] = [
            {"physicalLocation": _physical(relative_file(where.file, folder), region)}
        ]
    return notification


def _fingerprint(one: Annotation) -> str:
    """What stays the same while lines move: the policy, the resource, the property and the file."""
    state = one.finding.state
    parts = (one.rule, fold(state.resource.id), state.resource.name, state.path, one.file)
    data = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()[:32]


def _plain(text: str) -> str:
    """One line without characters that hide or reorder others."""
    return for_terminal(text)


def _text(text: str) -> dict[str, object]:
    """A message: what the standard would read as a link or a placeholder is escaped."""
    safe = _plain(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return {"text": safe.replace("{", "{{").replace("}", "}}")}
