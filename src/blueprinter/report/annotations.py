"""Findings as remarks on places in files: the one list behind SARIF and the annotations of a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from msgspec import Struct

from blueprinter.arm import source_of
from blueprinter.casing import fold
from blueprinter.compliance import Finding, Pair, Run
from blueprinter.policy import PolicyDefinition, PolicySeverity
from blueprinter.report.options import ReportOptions
from blueprinter.report.records import place_of, position_of
from blueprinter.report.words import found

FAILED = frozenset({Pair.NON_COMPLIANT, Pair.CONFLICT})
EXEMPT = frozenset({Pair.WAIVED, Pair.MITIGATED})
_SEVERE = (PolicySeverity.CRITICAL, PolicySeverity.HIGH)


class Region(Struct, frozen=True):
    """Where in a file, from 1; the end is the place after the last character, 0 is "not known"."""

    line: int
    column: int
    end_line: int = 0
    end_column: int = 0


class Annotation(Struct, frozen=True):
    """A finding, its file relative to the working directory where it lies under that, and what to say there."""

    finding: Finding
    rule: str
    """The policy, by a short id that no other policy of the run has."""
    file: str
    region: Region | None
    message: str


def annotated(run: Run, options: ReportOptions) -> Iterator[Annotation]:
    """The findings of a run, worst first, at most `max_findings`."""
    rules = rule_ids(run)
    for finding in run.findings[: options.max_findings]:
        file, region = file_and_region(finding, options.folder)
        rule = rules[fold(finding.state.assigned.definition.id)]
        yield Annotation(finding, rule, file, region, message(finding))


def rule_ids(run: Run) -> dict[str, str]:
    """A short id for each policy with a finding, by its folded full id: its name, where no other has the same."""
    definitions = [finding.state.assigned.definition for finding in run.findings]
    holders: dict[str, set[str]] = {}
    for definition in definitions:
        holders.setdefault(fold(_name(definition)), set()).add(fold(definition.id))
    return {
        fold(definition.id): _name(definition)
        if len(holders[fold(_name(definition))]) == 1
        else definition.id
        for definition in definitions
    }


def _name(definition: PolicyDefinition) -> str:
    return definition.name or definition.id.rpartition("/")[2] or definition.display_name or "policy"


def title(definition: PolicyDefinition) -> str:
    """What a policy is called."""
    return definition.display_name or _name(definition)


def message(finding: Finding) -> str:
    """One sentence or two: which resource, what is there, what should be."""
    state = finding.state
    place = place_of(state.resource)
    subject = f"{place.type} {place.name}".strip() or "the resource"
    if state.reason is not None or finding.pair not in FAILED | EXEMPT:
        return f"{subject} could not be judged: {state.detail or state.reason or finding.pair}."
    about = f"{state.path}: " if state.path else ""
    if state.expected:
        said = f"{about}{found(state.actual)}, expected {state.expected}"
    else:
        said = f"{about}{state.detail or state.actual or 'the policy is not met'}"
    controls = f" Controls: {', '.join(finding.controls)}." if finding.controls else ""
    return f"{subject}: {said}.{controls}"


def level(severity: PolicySeverity) -> str:
    """The level of a failure: `error`, `warning` or `note`."""
    if severity in _SEVERE:
        return "error"
    return "warning" if severity is PolicySeverity.MEDIUM else "note"


def file_and_region(finding: Finding, folder: str) -> tuple[str, Region | None]:
    """The file of a finding and the place in it. Of compiled Bicep only the file is known."""
    position = position_of(finding)
    file = relative_file(source_of(position.file), folder)
    if not position.line or file != relative_file(position.file, folder):
        return file, None
    if (position.end_line, position.end_column) > (position.line, position.column):
        return file, Region(position.line, max(position.column, 1), position.end_line, position.end_column)
    return file, Region(position.line, max(position.column, 1))


def relative_file(file: str, folder: str) -> str:
    """A path with `/` between its parts, relative to a folder where it lies under it."""
    path = PurePath(file)
    if folder and path.is_absolute() and path.is_relative_to(folder):
        path = path.relative_to(folder)
    return "" if not file else path.as_posix()
