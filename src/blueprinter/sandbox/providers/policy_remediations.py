"""Microsoft.PolicyInsights: remediations and attestations.

Sources: Microsoft Learn, REST reference "Remediations" and "Attestations", "Azure Policy attestation structure". The
codes of refusals are not recorded but for that of a remediation that cannot be cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator

from blueprinter.arm import id_within, parse_id
from blueprinter.casing import fold, get, same
from blueprinter.policy import Family, effect_of, family_of
from blueprinter.sandbox.acting import remediation
from blueprinter.sandbox.acting.deploying import member_of
from blueprinter.sandbox.acting.in_force import Member, in_force
from blueprinter.sandbox.acting.objects import (
    ASSIGNMENT_TYPE,
    ATTESTATION_TYPE,
    REMEDIATION_TYPE,
    properties_of,
    scope_of_extension,
)
from blueprinter.sandbox.acting.odata import Columns, ODataFault, instant, read_filter
from blueprinter.sandbox.acting.queries import option_refusal
from blueprinter.sandbox.acting.states import scan
from blueprinter.sandbox.hierarchy import scopes_above
from blueprinter.sandbox.model import Body, Box, Call, Refusal, Response, Route, Stored
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.providers.policy_scopes import (
    canonical,
    check_name,
    check_scope,
    check_write,
    system_data,
)
from blueprinter.sandbox.strictness import (
    NUMBER,
    OBJECT,
    READ_ONLY,
    TEXT,
    WHOLE,
    check_members,
    list_of,
    one_of,
    record,
)

_AT = "{scope*}/providers/Microsoft.PolicyInsights"
MAX_NAME = 260
MAX_RESOURCES = 50_000
USUAL_RESOURCES = 500
MAX_PARALLEL = 30
USUAL_PARALLEL = 10

_REMEDIATION = record(
    {
        **READ_ONLY,
        "properties": record(
            {
                "policyAssignmentId": TEXT,
                "policyDefinitionReferenceId": TEXT,
                "resourceDiscoveryMode": one_of("ExistingNonCompliant", "ReEvaluateCompliance"),
                "provisioningState": TEXT,
                "createdOn": TEXT,
                "lastUpdatedOn": TEXT,
                "filters": record({"locations": list_of(TEXT), "resourceIds": list_of(TEXT)}),
                "deploymentStatus": OBJECT,
                "statusMessage": TEXT,
                "correlationId": TEXT,
                "resourceCount": WHOLE,
                "parallelDeployments": WHOLE,
                "failureThreshold": record({"percentage": NUMBER}),
            },
            "policyAssignmentId",
        ),
    },
    "properties",
)
_ATTESTATION = record(
    {
        **READ_ONLY,
        "properties": record(
            {
                "policyAssignmentId": TEXT,
                "policyDefinitionReferenceId": TEXT,
                "complianceState": one_of("Compliant", "NonCompliant", "Unknown"),
                "expiresOn": TEXT,
                "owner": TEXT,
                "comments": TEXT,
                "evidence": list_of(record({"description": TEXT, "sourceUri": TEXT})),
                "provisioningState": TEXT,
                "lastComplianceStateChangeAt": TEXT,
                "assessmentDate": TEXT,
                "metadata": OBJECT,
            },
            "policyAssignmentId",
        ),
    },
    "properties",
)

_FILTERED = Columns.of(
    ("PolicyAssignmentId", "PolicyDefinitionReferenceId", "ProvisioningState", "ComplianceState")
)


# ---------------------------------------------------------------- both


def _id(call: Call, kind: str) -> str:
    return f"{call.values.get('scope', '')}/providers/{kind}/{call.values['name']}"


def _existing(call: Call, kind: str) -> Stored:
    found = call.box.store.get(_id(call, kind))
    if found is None:
        what = "Remediation" if kind == REMEDIATION_TYPE else "Attestation"
        raise Refusal(
            404, f"{what}NotFound", f"The {what.lower()} '{call.values['name']}' could not be found."
        )
    return found


def _listed(call: Call, kind: str) -> Response:
    """Of the scope and everything below it; those of a management group are its own."""
    scope = call.values.get("scope", "")
    check_scope(call.box, scope)
    text = call.query.get("$filter", "")
    try:
        keep = read_filter(text, _FILTERED) if text.strip() else lambda row: True
    except ODataFault as fault:
        raise option_refusal("$filter", text, fault) from fault
    found = [
        one.body
        for one in call.box.store.of_type(kind, scope)
        if id_within(scope_of_extension(one.id), scope) and keep(_row(one))
    ]
    return page(call, found)


def _row(stored: Stored) -> Body:
    properties = properties_of(stored)
    return {name: get(properties, name) for name in _FILTERED.names.values()}


def _member(box: Box, what: str, name: str, scope: str, properties: Body) -> Member:
    """The policy that is meant. Raises `Refusal` where there is none, or where it is not in force at the scope."""
    id = str(properties["policyAssignmentId"]).rstrip("/")
    assignment = box.store.get(id)
    if assignment is None or not same(assignment.type, ASSIGNMENT_TYPE):
        raise Refusal(
            404, "PolicyAssignmentNotFound", f"The policy assignment '{id.rpartition('/')[2]}' is not found."
        )
    at = scope_of_extension(assignment.id)
    if not any(same(at, one) for one in scopes_above(box, scope)):
        raise _invalid(what, name, f"The policy assignment '{id}' does not apply to the scope '{scope}'.")
    found = member_of(in_force(box), id, str(properties.get("policyDefinitionReferenceId") or ""))
    if found is None:
        raise _invalid(
            what,
            name,
            "The 'policyDefinitionReferenceId' property must name a policy of the assigned policy set definition, and "
            "must not be set for a single policy definition.",
        )
    return found


def _invalid(what: str, name: str, why: str, verb: str = "Create") -> Refusal:
    return Refusal(
        400,
        f"Invalid{verb}{what}Request",
        f"The request to {verb.lower()} {what.lower()} '{name}' is invalid. {why}",
    )


def _family(member: Member) -> Family:
    return family_of(effect_of(member.assigned) or "")


# ---------------------------------------------------------------- remediations


def list_remediations(call: Call) -> Response:
    return _listed(call, REMEDIATION_TYPE)


def get_remediation(call: Call) -> Response:
    return Response.of(_existing(call, REMEDIATION_TYPE).body)


def put_remediation(call: Call) -> Response:
    box, scope, name = call.box, call.values.get("scope", ""), call.values["name"]
    id = _id(call, REMEDIATION_TYPE)
    check_scope(box, scope)
    check_write(call, id)
    body = call.body()
    check_members(body, _REMEDIATION)
    check_name(name, "remediation", "InvalidRemediationName", MAX_NAME)
    existing = box.store.get(id)
    if existing is not None:
        if box.running(id):
            raise _invalid("Remediation", name, "A remediation that runs cannot be changed.", "Update")
        # a remediation that ended stays what it was
        return Response.of(existing.body)
    sent = body["properties"]
    member = _member(box, "Remediation", name, scope, sent)
    if _family(member) not in (Family.MODIFY, Family.EXISTENCE) or same(
        effect_of(member.assigned) or "", "auditIfNotExists"
    ):
        effect = effect_of(member.assigned) or "unknown"
        raise _invalid("Remediation", name, f"Policies with the effect '{effect}' cannot be remediated.")
    properties = _completed(box, name, scope, sent)
    made: Body = {
        "properties": properties,
        "id": canonical(None, scope, REMEDIATION_TYPE, name),
        "name": name,
        "type": REMEDIATION_TYPE,
        "systemData": system_data(call, None),
    }
    stored = box.store.put(id, REMEDIATION_TYPE, made)
    box.start(remediation.KIND, stored.id, {}, principal=call.principal)
    return Response.of(stored.body, 201)


def _completed(box: Box, name: str, scope: str, sent: Body) -> Body:
    resources = sent.get("resourceCount") or USUAL_RESOURCES
    parallel = sent.get("parallelDeployments") or USUAL_PARALLEL
    threshold = (sent.get("failureThreshold") or {}).get("percentage")
    if not 1 <= resources <= MAX_RESOURCES:
        raise _invalid("Remediation", name, f"'resourceCount' is between 1 and {MAX_RESOURCES}.")
    if not 1 <= parallel <= MAX_PARALLEL:
        raise _invalid("Remediation", name, f"'parallelDeployments' is between 1 and {MAX_PARALLEL}.")
    if threshold is not None and not 0 <= threshold <= 1:
        raise _invalid("Remediation", name, "'failureThreshold.percentage' is between 0 and 1.")
    mode = sent.get("resourceDiscoveryMode") or "ExistingNonCompliant"
    in_subscription = fold(scope).startswith("/subscriptions/")
    if same(mode, "ReEvaluateCompliance") and not in_subscription:
        raise _invalid(
            "Remediation", name, "'ReEvaluateCompliance' can be used at subscription scope and below only."
        )
    now = box.stamp()
    return {
        **sent,
        "resourceDiscoveryMode": mode,
        "provisioningState": "Accepted",
        "createdOn": now,
        "lastUpdatedOn": now,
        "resourceCount": resources,
        "parallelDeployments": parallel,
        "failureThreshold": {"percentage": 1.0 if threshold is None else threshold},
        "deploymentStatus": {"totalDeployments": 0, "successfulDeployments": 0, "failedDeployments": 0},
        "correlationId": box.new_guid(),
    }


def list_deployments(call: Call) -> Response:
    stored = _existing(call, REMEDIATION_TYPE)
    return page(call, remediation.deployments_of(call.box, stored.id))


def cancel_remediation(call: Call) -> Response:
    stored = _existing(call, REMEDIATION_TYPE)
    running = call.box.running(stored.id)
    if not running:
        raise Refusal(
            400, "InvalidCancelRemediationRequest", "A completed remediation task cannot be cancelled."
        )
    for operation in running:
        call.box.cancel(operation.id)
        for child in (operation.state.get("running") or {}).values():
            call.box.cancel(child)
    properties = {**properties_of(stored), "provisioningState": "Canceled", "lastUpdatedOn": call.box.stamp()}
    changed = call.box.store.put(stored.id, REMEDIATION_TYPE, {**stored.body, "properties": properties})
    return Response.of(changed.body)


def delete_remediation(call: Call) -> Response:
    stored = call.box.store.get(_id(call, REMEDIATION_TYPE))
    if stored is None:
        return Response.empty(204)
    check_write(call, stored.id, "delete")
    if call.box.running(stored.id):
        raise _invalid("Remediation", call.values["name"], "It must be cancelled first.", "Delete")
    call.box.store.delete(stored.id)
    remediation.forget(call.box, stored.id)
    return Response.of(stored.body)


# ---------------------------------------------------------------- attestations


def list_attestations(call: Call) -> Response:
    return _listed(call, ATTESTATION_TYPE)


def get_attestation(call: Call) -> Response:
    return Response.of(_existing(call, ATTESTATION_TYPE).body)


def put_attestation(call: Call) -> Response:
    """Ends at once: the body says so, and clients that poll are content."""
    box, scope, name = call.box, call.values.get("scope", ""), call.values["name"]
    parts = parse_id(scope)
    if parts is None or not parts.subscription_id:
        raise Refusal(404, "InvalidResourceType", f"Attestations cannot be made at the scope '{scope}'.")
    id = _id(call, ATTESTATION_TYPE)
    check_scope(box, scope)
    check_write(call, id)
    body = call.body()
    check_members(body, _ATTESTATION)
    check_name(name, "attestation", "InvalidAttestationName", MAX_NAME)
    sent = body["properties"]
    member = _member(box, "Attestation", name, scope, sent)
    if _family(member) is not Family.MANUAL:
        effect = effect_of(member.assigned) or "unknown"
        raise _invalid(
            "Attestation",
            name,
            f"Only policies with the effect 'manual' are attested, this one has '{effect}'.",
        )
    existing = box.store.get(id)
    properties: Body = {**sent, "complianceState": sent.get("complianceState") or "Unknown"}
    for moment in ("expiresOn", "assessmentDate"):
        if sent.get(moment):
            properties[moment] = _moment(name, moment, str(sent[moment]))
    old = properties_of(existing) if existing is not None else {}
    same_state = old.get("complianceState") == properties["complianceState"]
    properties["lastComplianceStateChangeAt"] = (
        old["lastComplianceStateChangeAt"] if same_state else box.stamp()
    )
    properties["provisioningState"] = "Succeeded"
    made: Body = {
        "properties": properties,
        "id": canonical(existing, scope, ATTESTATION_TYPE, name),
        "name": name,
        "type": ATTESTATION_TYPE,
        "systemData": system_data(call, existing),
    }
    stored = box.store.put(id, ATTESTATION_TYPE, made)
    scan(box, scope, alone=True)
    return Response.of(stored.body, 201 if existing is None else 200)


def _moment(name: str, member: str, text: str) -> str:
    try:
        return instant(text)
    except ODataFault as fault:
        raise _invalid("Attestation", name, f"'{member}': {fault.message}.") from fault


def delete_attestation(call: Call) -> Response:
    stored = call.box.store.get(_id(call, ATTESTATION_TYPE))
    if stored is None:
        return Response.empty(204)
    check_write(call, stored.id, "delete")
    call.box.store.delete(stored.id)
    scan(call.box, scope_of_extension(stored.id), alone=True)
    return Response.empty(200)


def _routes() -> Iterator[Route]:
    one = f"{_AT}/remediations/{{name}}"
    yield Route("GET", f"{_AT}/remediations", list_remediations)
    yield Route("GET", one, get_remediation)
    yield Route("PUT", one, put_remediation)
    yield Route("DELETE", one, delete_remediation)
    yield Route("POST", f"{one}/listDeployments", list_deployments)
    yield Route("POST", f"{one}/cancel", cancel_remediation)
    one = f"{_AT}/attestations/{{name}}"
    yield Route("GET", f"{_AT}/attestations", list_attestations)
    yield Route("GET", one, get_attestation)
    yield Route("PUT", one, put_attestation)
    yield Route("DELETE", one, delete_attestation)


ROUTES: tuple[Route, ...] = tuple(_routes())
