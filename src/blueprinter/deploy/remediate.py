"""`remediate`: a remediation task for each policy of ours that deploys or modifies, followed to its end.

Source: Microsoft Learn, "Remediate non-compliant resources with Azure Policy".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from msgspec import Struct

from blueprinter.azure import ArmClient
from blueprinter.blueprint import slug
from blueprinter.casing import fold
from blueprinter.deploy.model import API_VERSIONS, ASSIGNMENTS, REMEDIATIONS, Body, Target, Tell
from blueprinter.deploy.reading import is_subscription, list_at
from blueprinter.document import Json
from blueprinter.policy import needs_identity

_ENDED = frozenset({"succeeded", "failed", "canceled", "complete"})
_MOST_RESOURCES, _MOST_PARALLEL = 50_000, 30


class RemediateOptions(Struct, frozen=True):
    """How remediation tasks run."""

    stamp: str
    """Part of the names of tasks: a new text is a new task, since one that has ended stays what it was."""
    sleep: Callable[[float], None]
    reevaluate: bool = False
    resources: int = 500
    parallel: int = 10
    threshold: float | None = None
    """The part of failed deployments, 0 to 1, at which a task gives up."""
    pause: float = 15.0
    looks: int = 240


class Task(Struct, frozen=True):
    """A remediation task in the end."""

    id: str
    assignment: str
    reference: str
    state: str
    total: int
    succeeded: int
    failed: int


def remediate(arm: ArmClient, target: Target, options: RemediateOptions, tell: Tell) -> tuple[Task, ...]:
    """Starts a task for each assignment and reference with effect deployIfNotExists or modify, and follows them.

    A task that runs already for the same policy is followed instead. Raises `AzureError`.
    """
    there = {fold(str(row.get("id", ""))) for row in list_at(arm, target.scope, ASSIGNMENTS)}
    running = _running(arm, target)
    paths: dict[str, tuple[str, str]] = {}
    for one in target.resolved.policies:
        if not one.assignment_id or not one.enforced or not needs_identity(one):
            continue
        if fold(one.assignment_id) not in there:
            tell(f"  not assigned yet: {one.assignment_id}")
            continue
        key = (fold(one.assignment_id), fold(one.reference_id))
        path = running.get(key)
        if path is None:
            path = _start(arm, target, one.assignment_id, one.reference_id, options)
            tell(f"  started {path.rpartition('/')[2]}")
        paths[path] = (one.assignment_id, one.reference_id)
    return tuple(_follow(arm, path, *paths[path], options, tell) for path in sorted(paths))


def _start(arm: ArmClient, target: Target, assignment: str, reference: str, options: RemediateOptions) -> str:
    digest = hashlib.sha256(
        "\0".join(map(fold, (assignment, reference, options.stamp))).encode()
    ).hexdigest()[:8]
    name = f"{slug(assignment.rpartition('/')[2])[:50]}-{digest}"
    path = f"{target.scope}/providers/{REMEDIATIONS}/{name}"
    properties: Body = {
        "policyAssignmentId": assignment,
        "resourceDiscoveryMode": "ReEvaluateCompliance"
        if options.reevaluate and is_subscription(target.scope)
        else "ExistingNonCompliant",
        "resourceCount": min(options.resources, _MOST_RESOURCES),
        "parallelDeployments": min(options.parallel, _MOST_PARALLEL),
    }
    if reference:
        properties["policyDefinitionReferenceId"] = reference
    if options.threshold is not None:
        properties["failureThreshold"] = {"percentage": options.threshold}
    arm.call("PUT", path, API_VERSIONS[REMEDIATIONS], body={"properties": properties})
    return path


def _running(arm: ArmClient, target: Target) -> Mapping[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for row in list_at(arm, target.scope, REMEDIATIONS):
        held = _properties(row)
        if fold(str(held.get("provisioningState", ""))) not in _ENDED:
            key = (
                fold(str(held.get("policyAssignmentId", ""))),
                fold(str(held.get("policyDefinitionReferenceId") or "")),
            )
            found[key] = str(row.get("id", ""))
    return found


def _follow(
    arm: ArmClient, path: str, assignment: str, reference: str, options: RemediateOptions, tell: Tell
) -> Task:
    held: Mapping[str, Json] = {}
    for _ in range(options.looks):
        held = _properties(arm.get(path, API_VERSIONS[REMEDIATIONS]))
        if fold(str(held.get("provisioningState", ""))) in _ENDED:
            break
        options.sleep(options.pause)
    counts = held.get("deploymentStatus")
    counted = counts if isinstance(counts, dict) else {}
    total, done, failed = (
        _number(counted.get(key))
        for key in ("totalDeployments", "successfulDeployments", "failedDeployments")
    )
    state = str(held.get("provisioningState", ""))
    tell(f"  {state:<10} {path.rpartition('/')[2]}: {done} of {total} done, {failed} failed")
    return Task(path, assignment, reference, state, total, done, failed)


def _properties(row: Json) -> Mapping[str, Json]:
    found = row.get("properties") if isinstance(row, dict) else None
    return found if isinstance(found, dict) else {}


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0
