"""`status` and `drift`: how an assignment stands in Azure, and what of it is not as it was assigned. Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from blueprinter.azure import ArmClient
from blueprinter.casing import fold
from blueprinter.deploy.apply import Prepared, prepare, submissions_of, wanted_keys
from blueprinter.deploy.entries import pending
from blueprinter.deploy.fitting import stack_resources
from blueprinter.deploy.locks import locks_of
from blueprinter.deploy.model import API_VERSIONS, REMEDIATIONS, STACKS, AssignOptions, Left, Lock, Target
from blueprinter.deploy.reading import list_at
from blueprinter.deploy.residue import as_left, governance_left, workload_left
from blueprinter.deploy.resources import Compared, NotCompared, compare_resources
from blueprinter.deploy.submitting import holds
from blueprinter.document import Json

_OURS = "blueprintContent"


class StackStatus(Struct, frozen=True):
    """A deployment stack of ours, as it is."""

    id: str
    state: str
    """As Azure writes it: `succeeded`, `deploying`, `failed`, …"""
    blueprint: str
    version: str
    content: str
    resources: int
    ring: str = ""
    failed: tuple[tuple[str, str], ...] = ()
    """Ids of what failed, and why."""
    error: str = ""
    locks: tuple[Lock, ...] = ()


class Drifted(Struct, frozen=True):
    """Something that is not as it was assigned."""

    what: str
    """`missing`, `changed`, `leftover`, `content`"""
    id: str
    type: str
    paths: tuple[str, ...] = ()
    note: str = ""


class Status(Struct, frozen=True, eq=False):
    """How one target stands."""

    scope: str
    assignment: str
    stacks: tuple[StackStatus, ...]
    drifted: tuple[Drifted, ...]
    left: tuple[Left, ...]
    remediations: tuple[tuple[str, str], ...] = ()
    """Ids of remediation tasks for our assignments, and their states."""
    not_compared: tuple[NotCompared, ...] = ()
    """What of the resources of templates could not be compared, and why."""


def status(arm: ArmClient, target: Target, options: AssignOptions) -> Status:
    """How a target stands. Raises `AzureError` where it cannot be read."""
    found = prepare(arm, target, options)
    stacks = tuple(one for one in map(read_stack, found.live.stacks.values()) if one is not None)
    made = {fold(one.assignment_id) for one in found.target.resolved.policies}
    tasks = []
    for row in list_at(arm, found.target.scope, REMEDIATIONS):
        properties = row.get("properties")
        held = properties if isinstance(properties, dict) else {}
        if fold(str(held.get("policyAssignmentId", ""))) in made:
            tasks.append((str(row.get("id", "")), str(held.get("provisioningState", ""))))
    keys = wanted_keys(found)
    left = [as_left(one, found.live) for one in governance_left(found.target, found.live, keys)]
    left += workload_left(found.live.stacks.values(), found.live, found.target, keys)
    missing = {one.key for one in found.missing()}
    compared = compare_resources(
        arm, [one for one in found.wanted if not one.governance and one.key not in missing]
    )
    drifted = [*drift_of(found, options), *_resource_drift(compared)]
    return Status(
        found.target.scope,
        found.target.assignment.name,
        stacks,
        tuple(sorted(drifted, key=_by_id)),
        tuple(left),
        tuple(sorted(tasks)),
        compared.left_out,
    )


def _resource_drift(compared: Compared) -> Iterator[Drifted]:
    for one in compared.gone:
        yield Drifted("missing", one.id, one.type)
    for one, paths in compared.changed:
        yield Drifted("changed", one.id, one.type, paths)


def _by_id(row: Drifted) -> tuple[str, str]:
    return (fold(row.id), row.what)


def drift_of(found: Prepared, options: AssignOptions) -> tuple[Drifted, ...]:
    """What is not as it was assigned, by id; of what templates make only what lists tell."""
    live = found.live
    rows = [Drifted("missing", one.id, one.type) for one in found.missing()]
    rows += [Drifted("changed", one.id, one.type, paths) for one, paths in found.changed()]
    for one in pending(found.entries, live):
        rows.append(Drifted("changed" if one.key in live.objects else "missing", one.id, one.type))
    for gone in found.roles.orphans:
        rows.append(
            Drifted("changed", gone.id, gone.type, ("properties.principalId",), "its identity is gone")
        )
    held = live.stacks if options.stack else found.plain
    for name, submission in submissions_of(found, options).items():
        there = held.get(name)
        if there is None:
            rows.append(Drifted("missing", submission.path, STACKS))
        elif not holds(there, submission):
            rows.append(Drifted("content", submission.path, STACKS, (), "other content, or not succeeded"))
    for leftover in governance_left(found.target, live, wanted_keys(found)):
        if not any(fold(leftover.id) == fold(one.id) for one in rows):
            rows.append(Drifted("leftover", leftover.id, leftover.type))
    return tuple(sorted(rows, key=_by_id))


def stacks_at(arm: ArmClient, scope: str) -> tuple[StackStatus, ...]:
    """All stacks of ours that are kept at a scope, without any file: by their tags."""
    rows = list_at(arm, scope, STACKS)
    found = [read_stack(row) for row in rows if _OURS in _tags(row)]
    return tuple(one for one in found if one is not None)


def read_stack(stack: Json) -> StackStatus | None:
    """A stack as it stands; None where there is none."""
    if not isinstance(stack, dict):
        return None
    inner = stack.get("properties")
    properties: Mapping[str, Json] = inner if isinstance(inner, dict) else {}
    error = properties.get("error")
    listed = properties.get("failedResources")
    failed = []
    for row in listed if isinstance(listed, list) else []:
        if isinstance(row, dict):
            failed.append((str(row.get("id", "")), _words(row.get("error"))))
    tags = _tags(stack)
    return StackStatus(
        id=str(stack.get("id", "")),
        state=str(properties.get("provisioningState", "")),
        blueprint=tags.get("blueprint", ""),
        version=tags.get("blueprintVersion", ""),
        content=tags.get(_OURS, ""),
        resources=len(stack_resources(stack)),
        ring=tags.get("blueprintRing", ""),
        failed=tuple(failed),
        error=_words(error),
        locks=locks_of(stack),
    )


def cancel(arm: ArmClient, target: Target) -> tuple[str, ...]:
    """Cancels the deployments that run under the stacks of a target; their paths."""
    found = []
    for template in target.rendered.templates:
        path = f"{template.stack_scope}/providers/{STACKS}/{template.deployment}"
        stack = arm.find(path, API_VERSIONS[STACKS])
        status_now = read_stack(stack)
        properties = stack.get("properties") if isinstance(stack, dict) else None
        deployment = properties.get("deploymentId") if isinstance(properties, dict) else None
        if status_now is None or status_now.state.casefold() in {"succeeded", "failed", "canceled"}:
            continue
        if isinstance(deployment, str) and deployment:
            arm.call("POST", f"{deployment}/cancel", "2024-03-01", idempotent=True)
            found.append(path)
    return tuple(found)


def _tags(stack: Mapping[str, Json]) -> dict[str, str]:
    tags = stack.get("tags")
    return {key: str(value) for key, value in tags.items()} if isinstance(tags, dict) else {}


def _words(error: Json) -> str:
    """Code and message of an error of Azure, the innermost ones."""
    if not isinstance(error, dict):
        return ""
    listed = error.get("details")
    inner = [text for text in map(_words, listed) if text] if isinstance(listed, list) else []
    if inner:
        return "; ".join(dict.fromkeys(inner))
    return f"{error.get('code', '')}: {error.get('message', '')}".strip(": ")
