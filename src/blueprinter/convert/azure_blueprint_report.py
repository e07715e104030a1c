"""What becomes of a blueprint of Azure Blueprints: what maps, what changes, what cannot, and the cut-over.

Sources: Microsoft Learn, "Azure Blueprints retirement", "Understand resource locking in Azure Blueprints", "Deployment
stacks known issues", "Migrate blueprints to deployment stacks".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from msgspec import Struct

from blueprinter.arm import is_expression
from blueprinter.blueprint import Assignment, Blueprint, LockMode
from blueprinter.diagnostics import Diagnostic
from blueprinter.text import for_markdown, for_terminal, plural

NO_NEW = date(2026, 10, 31)
"""From then on nothing is assigned any more, and definitions are frozen."""
LOCKS_FROZEN = date(2026, 12, 31)
"""Until then an assignment, and with it its locks, can be changed; later it can only be deleted."""
SWITCHED_OFF = date(2027, 1, 31)
"""Then the service ends: what was not exported is deleted, and all locks vanish."""

_TITLE = 128


class Matched(Struct, frozen=True):
    """What an assignment made, as far as it is known which artifact made it."""

    assignment: str
    policies: Mapping[str, str]
    """Artifact -> name of its live policy assignment."""
    groups: tuple[str, ...]
    """Placeholders whose groups are there."""
    unknown: tuple[str, ...]
    """Ids of policy and role assignments that could be of several artifacts."""
    managed: int
    """How many resources the assignment manages."""


class Remark(Struct, frozen=True):
    """One line of the report."""

    about: str
    text: str


class Findings(Struct, frozen=True, eq=False):
    """What the report is made of."""

    blueprint: Blueprint
    assignments: tuple[Assignment, ...]
    matched: tuple[Matched, ...]
    today: date

    @property
    def maps(self) -> tuple[Remark, ...]:
        return tuple(_maps(self.blueprint))

    @property
    def changes(self) -> tuple[Remark, ...]:
        return (*_changes(self.blueprint), *_changes_of_assignments(self.assignments, self.matched))

    @property
    def cannot(self) -> tuple[Remark, ...]:
        return tuple(_cannot(self.blueprint, self.assignments, self.today))

    @property
    def steps(self) -> tuple[Remark, ...]:
        return tuple(_steps(self.assignments, self.today))


def report_lines(findings: Findings) -> Iterator[str]:
    """The report for a terminal."""
    for title, remarks in _sections(findings):
        yield f"{title}:"
        if not remarks:
            yield "  nothing"
        for remark in remarks:
            yield for_terminal(f"  {remark.about}: {remark.text}")
    for diagnostic in findings.blueprint.diagnostics:
        yield str(diagnostic)


def report_markdown(findings: Findings) -> str:
    """The report as Markdown."""
    blueprint = findings.blueprint
    lines = [
        f"# From Azure Blueprints: {for_markdown(blueprint.display_name)}",
        "",
        f"Written on {findings.today.isoformat()}. The blueprint keeps its contents; this says what is different "
        "around it.",
    ]
    for title, remarks in _sections(findings):
        lines += ["", f"## {title}", ""]
        if not remarks:
            lines.append("Nothing.")
        elif title == _CUT_OVER:
            lines += [
                f"{number}. **{for_markdown(one.about)}**: {for_markdown(one.text)}"
                for number, one in enumerate(remarks, 1)
            ]
        else:
            lines += ["| what | |", "|---|---|"]
            lines += [f"| {for_markdown(one.about)} | {for_markdown(one.text)} |" for one in remarks]
    if blueprint.diagnostics:
        lines += ["", "## What reading it found", ""]
        lines += [f"- {for_markdown(_line(one))}" for one in blueprint.diagnostics]
    return "\n".join(lines) + "\n"


_MAPS, _CHANGES, _CANNOT, _CUT_OVER = "What maps", "What changes", "What cannot be carried over", "Cut-over"


def _sections(findings: Findings) -> tuple[tuple[str, tuple[Remark, ...]], ...]:
    return (
        (_MAPS, findings.maps),
        (_CHANGES, findings.changes),
        (_CANNOT, findings.cannot),
        (_CUT_OVER, findings.steps),
    )


def _maps(blueprint: Blueprint) -> Iterator[Remark]:
    kinds = [artifact.kind for artifact in blueprint.artifacts]
    for kind, what, target in (
        (
            "policyAssignment",
            "policy artifact",
            "policy assignments, with the identity and the roles they need",
        ),
        ("roleAssignment", "role artifact", "role assignments"),
        ("template", "template artifact", "nested deployments of the same templates, in blueprint order"),
    ):
        if count := kinds.count(kind):
            yield Remark(plural(count, what), target)
    if blueprint.resource_groups:
        yield Remark(
            plural(len(blueprint.resource_groups), "resource group placeholder"),
            "resource groups of the template; names and locations from the definition or the assignment",
        )
    secure = sum(one.secure for one in blueprint.parameters.values())
    plain = len(blueprint.parameters) - secure
    if plain:
        yield Remark(plural(plain, "parameter"), "parameters of the template")
    if secure:
        yield Remark(
            plural(secure, "secure parameter"),
            "references to a Key Vault on the nested deployments that use them, read when these start",
        )
    yield Remark(
        "the assignment", "a deployment stack that detaches what it no longer contains, as Blueprints did"
    )
    yield Remark("locks", "deny settings of the stack, with the same exceptions")


def _changes(blueprint: Blueprint) -> Iterator[Remark]:
    yield Remark(
        "who deploys",
        "Blueprints used an identity of its own with Owner rights; a stack is deployed with the rights of whoever "
        "runs it. `blueprinter plan` names the least rights",
    )
    yield Remark(
        "names",
        "policy and role assignments get names of ours, or keep those that they have where `adopted.yaml` names them. "
        "Without adoption policies are assigned a second time, and Azure refuses a role assignment that is there",
    )
    for artifact in blueprint.artifacts:
        if artifact.kind == "policyAssignment" and len(artifact.display_name) > _TITLE:
            yield Remark(artifact.name, f"its display name is cut at {_TITLE} characters")
    if any(is_expression(str(row.name)) for row in blueprint.resource_groups.values() if row.name):
        yield Remark(
            "resource group names", "expressions stay; they may use parameters, not outputs of artifacts"
        )


def _changes_of_assignments(
    assignments: tuple[Assignment, ...], matched: tuple[Matched, ...]
) -> Iterator[Remark]:
    for one in assignments:
        if one.locks.mode is not LockMode.NONE:
            kept = (
                "at the management group" if one.stack_scope == "managementGroup" else "at the subscription"
            )
            yield Remark(
                f"locks of {one.name}",
                f"`{one.locks.mode}` becomes deny settings of a stack kept {kept}. A stack locks everything it "
                "manages, also groups that stood before; what lies in a group and is not of the stack is not "
                "locked, and tags are not",
            )
            if one.stack_scope != "managementGroup":
                yield Remark(
                    f"owners and {one.name}",
                    "a subscription's owners could not lift a blueprint's locks; they can edit a stack of the "
                    "subscription. `stackScope: managementGroup` keeps it out of their reach",
                )
    for found in matched:
        known = len(found.policies) + len(found.groups)
        text = f"{plural(found.managed, 'resource')} managed; {known} matched"
        if found.unknown:
            text += f", {plural(len(found.unknown), 'assignment')} for `blueprinter plan --adopt` to match"
        yield Remark(f"what {found.assignment} made", text)


def _cannot(blueprint: Blueprint, assignments: tuple[Assignment, ...], today: date) -> Iterator[Remark]:
    value = blueprint.document.value
    properties = value.get("properties") if isinstance(value, dict) else None
    target = properties.get("targetScope") if isinstance(properties, dict) else None
    if target == "managementGroup":
        yield Remark(
            "targetScope", "`managementGroup` never worked in Blueprints; assign it to subscriptions"
        )
    for diagnostic in blueprint.diagnostics:
        if diagnostic.code == "BP217":
            yield Remark("deprecated built-in", diagnostic.message)
    if not assignments:
        yield Remark(
            "assignments",
            "none was given. Export them while the service answers, with `az rest --url "
            "'<scope>/providers/Microsoft.Blueprint/blueprintAssignments?api-version=2018-11-01-preview'`; "
            f"on {SWITCHED_OFF.isoformat()} they are deleted",
        )
    yield Remark(
        "versions", "published versions that were not exported, and the history of assignment operations"
    )
    if today > SWITCHED_OFF:
        yield Remark("the service", f"it ended on {SWITCHED_OFF.isoformat()}; its locks are gone")


def _steps(assignments: tuple[Assignment, ...], today: date) -> Iterator[Remark]:
    """The order that leaves no moment without policies, and as short a one as can be without locks."""
    locked = [one for one in assignments if one.locks.mode is not LockMode.NONE]
    read_only = any(one.locks.mode is LockMode.READ_ONLY for one in locked)
    if today > SWITCHED_OFF:
        yield Remark("Check what is unprotected", "the old locks vanished with the service")
    else:
        yield Remark(
            f"Export, before {SWITCHED_OFF.isoformat()}",
            "definitions with every version, assignments with `status.managedResources`, deny assignments; keep them",
        )
    yield Remark(
        "Adopt and plan",
        "`blueprinter plan ASSIGNMENT --adopt`, review `adopted.yaml`, then `blueprinter plan`",
    )
    if locked and today <= LOCKS_FROZEN:
        why = " A read-only lock blocks the first stack." if read_only else ""
        yield Remark(
            f"Set the locks to None, before {LOCKS_FROZEN.isoformat()}",
            "update the blueprint assignment with `locks.mode: None`; afterwards only deleting it lifts them."
            + why,
        )
    elif locked and today <= SWITCHED_OFF:
        yield Remark(
            "Delete the blueprint assignment first",
            f"since {LOCKS_FROZEN.isoformat()} its locks cannot be changed; deleting it with "
            "`deleteBehavior=none` lifts them and leaves every resource",
        )
    yield Remark(
        "Assign",
        "`blueprinter assign ASSIGNMENT`: the stack takes over what was adopted, and its locks come up",
    )
    yield Remark(
        "Verify",
        "`blueprinter status` shows `denyStatus` of each resource: that, not the request, is the lock",
    )
    if not (locked and LOCKS_FROZEN < today <= SWITCHED_OFF) and today <= SWITCHED_OFF:
        yield Remark(
            f"Delete the blueprint assignment, before {SWITCHED_OFF.isoformat()}",
            "`DELETE …/blueprintAssignments/NAME?deleteBehavior=none` leaves every resource",
        )


def _line(diagnostic: Diagnostic) -> str:
    hint = f" ({diagnostic.hint})" if diagnostic.hint else ""
    return f"{diagnostic.code}: {diagnostic.message}{hint}"
