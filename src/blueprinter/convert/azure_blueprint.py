"""A blueprint of Azure Blueprints, with its assignments, as a repository of ours.

The blueprint keeps its contents to the letter: what changes is where files lie and how they are encoded (UTF-8, one
folder `artifacts/`). Assignments become assignment files, with an `adopted.yaml` for what stands already. Reading from
the live service gives the same nouns (`ExportedAssignment`, a folder of blueprints) and ends here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import yaml
from msgspec import Struct

from blueprinter.arm import parse_id
from blueprinter.blueprint import Artifact, Assignment, Blueprint, LockMode, slug
from blueprinter.casing import fold, get
from blueprinter.convert.azure_blueprint_report import Findings, Matched, report_markdown
from blueprinter.convert.blueprint_assignments import ExportedAssignment
from blueprinter.document import Json

_POLICY = "microsoft.authorization/policyassignments"
_ROLE = "microsoft.authorization/roleassignments"
_FLAT = "artifact."
_GROUP = "microsoft.resources/resourcegroups"


class Migration(Struct, frozen=True):
    """What an import gives."""

    files: Mapping[str, str]
    """Path in the new repository -> content."""
    findings: Findings
    report: str
    """Markdown."""


def migrate(
    blueprint: Blueprint, exported: Sequence[ExportedAssignment], today: date, *, name: str = ""
) -> Migration:
    """The files of a repository for a blueprint and its assignments, and a report of what changes.

    `today` decides which steps of the cut-over are still possible. `name` is what the blueprint's folder is called;
    default: its own name.
    """
    called = name or slug(blueprint.name)
    folder = f"blueprints/{called}"
    files: dict[str, str] = {f"{folder}/blueprint.json": _json(blueprint.document.value)}
    for artifact in blueprint.artifacts:
        files[f"{folder}/artifacts/{_stem(artifact)}.json"] = _json(
            _named(artifact.document.value, artifact.name)
        )
    matches: list[Matched] = []
    for one in exported:
        matched = _matched(blueprint, one)
        matches.append(matched)
        file = slug(one.assignment.name)
        adopted = _adopted(matched)
        text = _assignment_text(blueprint, called, one.assignment, file if adopted else "")
        files[f"assignments/{file}.yaml"] = text
        if adopted:
            files[f"assignments/{file}.adopted.yaml"] = adopted
    findings = Findings(blueprint, tuple(one.assignment for one in exported), tuple(matches), today)
    report = report_markdown(findings)
    files["migration.md"] = report
    return Migration(files, findings, report)


def _stem(artifact: Artifact) -> str:
    """The file of an artifact: called as it was, since `dependsOn` may use that name, but for `artifact.` before it."""
    stem = Path(artifact.document.file).name.rpartition(".")[0]
    return slug(stem[len(_FLAT) :] if fold(stem).startswith(_FLAT) else stem)


def _named(value: Json, name: str) -> Json:
    """An artifact with its name in the file, since `dependsOn` may use it and the file is called otherwise."""
    if not isinstance(value, dict) or get(value, "name") is not None:
        return value
    return {**value, "name": name}


def _matched(blueprint: Blueprint, exported: ExportedAssignment) -> Matched:
    """What of the things that the assignment made is known to be which artifact.

    A resource group is known by its name. A policy or role assignment is known where exactly one artifact of its kind
    goes to its scope; the others need a look at the live estate (`blueprinter plan --adopt`).
    """
    assignment = exported.assignment
    groups: dict[str, str] = {}
    for placeholder, row in blueprint.resource_groups.items():
        given: Mapping[str, str] = get(assignment.resource_groups, placeholder) or {}
        name = (
            row.name if isinstance(row.name, str) and not row.name.startswith("[") else given.get("name", "")
        )
        if name:
            groups[fold(name)] = placeholder
    found: dict[str, str] = {}
    there: list[str] = []
    others: list[str] = []
    for id in exported.managed:
        parts = parse_id(id)
        type = fold(parts.type) if parts is not None else ""
        if parts is None or type not in {_POLICY, _ROLE, _GROUP}:
            continue
        if type == _GROUP:
            known = groups.get(fold(parts.resource_group))
            if known is not None:
                there.append(known)
            continue
        kind = "policyAssignment" if type == _POLICY else "roleAssignment"
        target = groups.get(fold(parts.resource_group), "") if parts.resource_group else ""
        candidates = [
            one.name
            for one in blueprint.artifacts
            if one.kind == kind and fold(one.resource_group) == fold(target)
        ]
        if len(candidates) == 1 and kind == "policyAssignment" and candidates[0] not in found:
            found[candidates[0]] = parts.name
        else:
            others.append(id)
    return Matched(assignment.name, found, tuple(sorted(there)), tuple(sorted(others)), len(exported.managed))


def _adopted(matched: Matched) -> str:
    """`adopted.yaml`, or nothing where nothing is known."""
    body: dict[str, Json] = {"schema": "blueprinter/adopted/1"}
    if matched.policies:
        body["artifacts"] = {name: {"name": live} for name, live in sorted(matched.policies.items())}
    if matched.groups:
        body["resourceGroups"] = {placeholder: {"existing": True} for placeholder in matched.groups}
    if len(body) == 1:
        return ""
    head = (
        "# What the assignment of Azure Blueprints made already. Groups are used as they are; `adopt: true` with\n"
        "# their tags manages them from now on. `blueprinter plan --adopt` finds the rest in the live estate.\n"
    )
    return head + _yaml(body)


def _assignment_text(blueprint: Blueprint, called: str, assignment: Assignment, adopted: str) -> str:
    body: dict[str, Json] = {
        "schema": "blueprinter/assignment/1",
        "name": assignment.name,
        "blueprint": called,
    }
    if assignment.version and (not blueprint.version or blueprint.version == assignment.version):
        body["version"] = assignment.version
    if len(assignment.scopes) == 1:
        body["scope"] = assignment.scopes[0]
    elif assignment.scopes:
        body["scope"] = list(assignment.scopes)
    if assignment.stack_scope == "managementGroup" and assignment.management_group:
        # kept where subscription owners cannot lift it
        body["definitionScope"] = assignment.management_group
        body["stackScope"] = "managementGroup"
    if assignment.location:
        body["location"] = assignment.location
    if assignment.identity == "UserAssigned":
        body["identity"] = {
            "type": "UserAssigned",
            "userAssignedIdentities": {id: {} for id in assignment.user_assigned},
        }
    if assignment.parameters:
        body["parameters"] = {
            name: {"reference": dict(given.reference)}
            if given.reference is not None
            else {"value": given.value}
            for name, given in assignment.parameters.items()
        }
    if assignment.resource_groups:
        body["resourceGroups"] = {name: dict(row) for name, row in assignment.resource_groups.items()}
    locks = assignment.locks
    if locks.mode is not LockMode.NONE:
        body["locks"] = {
            "mode": str(locks.mode),
            "excludedPrincipals": list(locks.excluded_principals),
            "excludedActions": list(locks.excluded_actions),
        }
    if adopted:
        body["adopted"] = f"{adopted}.adopted.yaml"
    return _yaml(body)


def _json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _yaml(value: Json) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=118, default_flow_style=False)
