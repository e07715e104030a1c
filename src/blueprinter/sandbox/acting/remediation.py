"""Remediations: what does not comply is put right, a number of resources at a time.

Each resource is a piece of `policy-deploy` work. Source: Microsoft Learn, "Remediate non-compliant resources with Azure
Policy", and REST reference "Remediations".
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from blueprinter.arm import id_within
from blueprinter.casing import fold, get, same
from blueprinter.policy import ComplianceState
from blueprinter.sandbox.acting import deploying
from blueprinter.sandbox.acting.estate import as_resource
from blueprinter.sandbox.acting.in_force import Member, in_force
from blueprinter.sandbox.acting.objects import REMEDIATION_TYPE, properties_of, scope_of_extension
from blueprinter.sandbox.acting.schedule import touch
from blueprinter.sandbox.acting.states import rows_between, scan
from blueprinter.sandbox.hierarchy import subscriptions_in
from blueprinter.sandbox.model import Body, Box, Operation, Step

KIND = "policy-remediation"

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS policy_remediated (remediation TEXT NOT NULL, resource TEXT NOT NULL, "
    "operation TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (remediation, resource)) WITHOUT ROWID",
)

_EVER = ("0000", "9999")


def step(box: Box, operation: Operation) -> Step:
    """Gathers the resources first; then starts what there is room for and counts what ended, until nothing is left."""
    stored = box.store.get(operation.subject)
    if stored is None:
        return Step(operation.state, "Canceled")
    properties = dict(properties_of(stored))
    member = deploying.member_of(
        in_force(box),
        str(properties["policyAssignmentId"]),
        str(properties.get("policyDefinitionReferenceId") or ""),
    )
    if member is None:
        return _end(box, operation.subject, properties, operation.state, "Failed", "The policy is gone.")
    if "queue" not in operation.state:
        queue = _resources(box, operation.subject, properties, member)
        properties["deploymentStatus"]["totalDeployments"] = len(queue)
        _keep(box, operation.subject, properties, "Evaluating" if queue else "Succeeded")
        state = {**operation.state, "queue": queue, "running": {}}
        return Step(state, "Running" if queue else "Succeeded")
    return _go_on(box, operation, properties, member)


def _go_on(box: Box, operation: Operation, properties: Body, member: Member) -> Step:
    queue, running = list(operation.state["queue"]), dict(operation.state["running"])
    counted = properties["deploymentStatus"]
    for resource, id in list(running.items()):
        child = box.operation(id)
        if child is not None and child.status == "Running":
            continue
        good = child is not None and child.status == "Succeeded"
        counted["successfulDeployments" if good else "failedDeployments"] += 1
        _note(box, operation.subject, resource, id, child)
        del running[resource]
    threshold = (properties.get("failureThreshold") or {}).get("percentage")
    failed, total = counted["failedDeployments"], counted["totalDeployments"]
    state: Body = {**operation.state, "queue": queue, "running": running}
    if threshold is not None and failed > threshold * total:
        if running:
            return _wait(box, operation.subject, properties, {**state, "queue": []})
        return _end(
            box, operation.subject, properties, state, "Failed", "The failure threshold was exceeded."
        )
    room = int(properties["parallelDeployments"]) - len(running)
    for resource in queue[:room]:
        child = deploying.begin(box, member, resource)
        running[resource] = child.id
        _note(box, operation.subject, resource, child.id, child)
    state["queue"], state["running"] = queue[max(room, 0) :], running
    if running:
        return _wait(box, operation.subject, properties, state)
    touch(box)
    done = "Succeeded" if not failed else "Failed"
    return _end(box, operation.subject, properties, state, done, "")


def _wait(box: Box, id: str, properties: Body, state: Body) -> Step:
    _keep(box, id, properties, "Evaluating")
    return Step(state)


def _end(box: Box, id: str, properties: Body, state: Body, status: str, message: str) -> Step:
    if message:
        properties["statusMessage"] = message
    _keep(box, id, properties, status)
    return Step(state, status)


def _keep(box: Box, id: str, properties: Body, status: str) -> None:
    stored = box.store.get(id)
    if stored is not None:
        properties.update(provisioningState=status, lastUpdatedOn=box.stamp())
        box.store.put(stored.id, REMEDIATION_TYPE, {**stored.body, "properties": properties})


def _resources(box: Box, id: str, properties: Body, member: Member) -> list[str]:
    """The resources to remediate: those that the latest states call non-compliant; with `ReEvaluateCompliance` the
    states are found anew first."""
    scope = scope_of_extension(id)
    scopes = subscriptions_in(box, scope) if not fold(scope).startswith("/subscriptions/") else (scope,)
    if same(str(properties.get("resourceDiscoveryMode")), "ReEvaluateCompliance"):
        for one in scopes:
            scan(box, one)
    wanted = (fold(member.assignment.id), fold(member.assigned.reference_id))
    locations = {fold(one) for one in (properties.get("filters") or {}).get("locations") or []}
    chosen = {fold(one) for one in (properties.get("filters") or {}).get("resourceIds") or []}
    found: list[str] = []
    for row in rows_between(box, scopes, *_EVER):
        stored = box.store.get(str(row["resourceId"]))
        key = (fold(row["policyAssignmentId"]), fold(row["policyDefinitionReferenceId"] or ""))
        if stored is None or key != wanted or row["complianceState"] != ComplianceState.NON_COMPLIANT:
            continue
        location = str(get(as_resource(stored).body, "location") or "")
        fits = (not locations or fold(location) in locations) and (not chosen or fold(stored.id) in chosen)
        if fits and id_within(stored.id, scope if fold(scope).startswith("/subscriptions/") else ""):
            found.append(stored.id)
    return found[: int(properties["resourceCount"])]


def _note(box: Box, remediation: str, resource: str, operation: str, child: Operation | None) -> None:
    """What `listDeployments` answers of one resource."""
    stored = box.store.get(resource)
    error = child.error if child is not None else None
    body: Body = {
        "remediatedResourceId": resource,
        "deploymentId": child.state.get("deployment", "") if child is not None else "",
        "status": child.status if child is not None else "Failed",
        "resourceLocation": stored.body.get("location", "") if stored is not None else "",
        "createdOn": child.started if child is not None else box.stamp(),
        "lastUpdatedOn": box.stamp(),
    }
    if error is not None:
        body["error"] = error
    box.store.run(
        "INSERT OR REPLACE INTO policy_remediated VALUES (?, ?, ?, ?)",
        (fold(remediation), fold(resource), operation, orjson.dumps(body)),
    )


def deployments_of(box: Box, id: str) -> Iterator[Body]:
    """What was done for each resource of a remediation, by resource."""
    sql = "SELECT body FROM policy_remediated WHERE remediation = ? ORDER BY resource"
    for (body,) in box.store.rows(sql, (fold(id),)):
        yield orjson.loads(body)


def forget(box: Box, id: str) -> None:
    """A remediation that is deleted leaves no list behind."""
    box.store.run("DELETE FROM policy_remediated WHERE remediation = ?", (fold(id),))
