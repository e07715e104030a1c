"""Microsoft.PolicyInsights: policy states and events asked for and summed up, evaluations asked for.

Source: Microsoft Learn, REST reference "Policy States", "Policy Events", "Policy Tracked Resources", "Policy Metadata".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from blueprinter.arm import id_within, parse_id
from blueprinter.casing import fold, same
from blueprinter.sandbox.acting.deploying import judged_by, member_of
from blueprinter.sandbox.acting.estate import StoreLookup, as_resource
from blueprinter.sandbox.acting.events import events_between
from blueprinter.sandbox.acting.in_force import in_force
from blueprinter.sandbox.acting.objects import ASSIGNMENT_TYPE, scope_of_extension
from blueprinter.sandbox.acting.odata import Row
from blueprinter.sandbox.acting.queries import Query, answer, read_query
from blueprinter.sandbox.acting.rows import EVENT_COLUMNS, STATE_COLUMNS
from blueprinter.sandbox.acting.states import KIND, rows_between
from blueprinter.sandbox.acting.summaries import summarize
from blueprinter.sandbox.acting.violations import evaluation_details
from blueprinter.sandbox.hierarchy import GROUP_TYPE, subscriptions_in
from blueprinter.sandbox.model import Body, Box, Call, Refusal, Response, Route
from blueprinter.sandbox.operations import accepted, location_answer
from blueprinter.sandbox.paging import page
from blueprinter.sandbox.providers.policy_scopes import check_scope

_INSIGHTS = "/providers/Microsoft.PolicyInsights"
_AT = "{scope*}" + _INSIGHTS

_OBJECTS = {
    fold(ASSIGNMENT_TYPE): "policyAssignmentId",
    "microsoft.authorization/policydefinitions": "policyDefinitionName",
    "microsoft.authorization/policysetdefinitions": "policySetDefinitionName",
}
"""Objects of Azure Policy that may be asked for their states, and the column that names them."""


class _Place(Struct, frozen=True):
    """Where rows are looked for: scopes, and a column that must have a value."""

    scopes: tuple[str, ...]
    exact: bool = False
    column: str = ""
    value: str = ""


def _place_of(call: Call) -> _Place:
    box, scope = call.box, call.values.get("scope", "")
    parts = parse_id(scope)
    column = _OBJECTS.get(fold(parts.type)) if parts is not None else None
    if parts is not None and column is not None:
        base = scope_of_extension(scope)
        check_scope(box, base)
        # a definition is asked for by name below a subscription, wherever above it lies
        value = fold(scope) if column == "policyAssignmentId" else fold(parts.name)
        return _Place((base,), column=column, value=value)
    check_scope(box, scope)
    if parts is not None and same(parts.type, GROUP_TYPE):
        return _Place(subscriptions_in(box, scope))
    is_resource = parts is not None and "/providers/" in fold(scope)
    return _Place((scope,), exact=is_resource)


def _here(rows: Iterable[Body], place: _Place) -> Iterator[Body]:
    for row in rows:
        if not place.column or fold(str(row[place.column] or "")) == place.value:
            yield row


def _state_rows(call: Call, place: _Place, query: Query, kind: str) -> Iterator[Body]:
    history = kind == "default"
    rows = rows_between(call.box, place.scopes, query.since, query.until, history=history, exact=place.exact)
    return _here(rows, place)


def _kind(call: Call, name: str, *known: str) -> str:
    found = next((one for one in known if same(one, call.values["kind"])), None)
    if found is None:
        # not recorded; Azure takes these names and no others
        raise Refusal(
            400,
            "InvalidResourceName",
            f"The {name} resource '{call.values['kind']}' is invalid. It should be one of: {', '.join(known)}.",
        )
    return found


# ---------------------------------------------------------------- states


def query_states(call: Call) -> Response:
    kind = _kind(call, "policyStates", "latest", "default")
    place = _place_of(call)
    query = read_query(call, STATE_COLUMNS)
    rows = _state_rows(call, place, query, kind)
    return answer(call, query, rows, "policyStates", kind, lambda row: _details(call.box, row))


def _details(box: Box, row: Row) -> Body:
    """Why a row has its state, as far as it still can be said: what it is about may be gone."""
    force = in_force(box)
    reference = str(row["policyDefinitionReferenceId"] or "")
    member = member_of(force, str(row["policyAssignmentId"]), reference)
    stored = box.store.get(str(row["resourceId"]))
    if member is None or stored is None:
        return {"evaluatedExpressions": []}
    state = judged_by(box, force, member, stored)
    if state is None:
        return {"evaluatedExpressions": []}
    return evaluation_details(state, as_resource(stored), StoreLookup(box), force.aliases, box.stamp())


def summarize_states(call: Call) -> Response:
    _kind(call, "policyStatesSummary", "latest")
    place, scope = _place_of(call), call.values.get("scope", "")
    query = read_query(call, STATE_COLUMNS)
    rows: Iterable[Row] = _state_rows(call, place, query, "latest")
    if query.keep is not None:
        keep = query.keep
        rows = (row for row in rows if keep(row))

    def uri(condition: str) -> str:
        parts = [text for text in (query.options.get("$filter", ""), condition) if text]
        where = f"&$filter={' and '.join(parts)}" if parts else ""
        span = f"$from={_shown(query.since)}&$to={_shown(query.until)}"
        path = f"{call.request.origin}{scope}{_INSIGHTS}/policyStates/latest/queryResults"
        return f"{path}?api-version={call.request.api_version}&{span}{where}"

    context = f"{call.request.origin}{scope}{_INSIGHTS}/policyStates/$metadata#summary"
    found: Body = {
        "@odata.id": None,
        "@odata.context": f"{context}/$entity",
        **summarize(rows, query.top, uri),
    }
    return Response.of({"@odata.context": context, "@odata.count": 1, "value": [found]})


def _shown(stamp: str) -> str:
    """`2026-11-20 06:00:00Z`, as the addresses in summaries have it."""
    return f"{stamp[:10]} {stamp[11:19]}Z"


def trigger(call: Call) -> Response:
    """Starts an evaluation of a subscription or resource group; one that runs already is joined."""
    scope = call.values["scope"]
    parts = parse_id(scope)
    if parts is None or not parts.subscription_id or "/providers/" in fold(scope):
        raise Refusal(404, "InvalidResourceType", f"The scope '{scope}' cannot be evaluated on demand.")
    check_scope(call.box, scope)
    subject = f"{scope}{_INSIGHTS}/policyStates/latest"
    running = call.box.running(subject)
    operation = running[0] if running else call.box.start(KIND, subject, {"scope": scope})
    return accepted(
        call, f"/subscriptions/{parts.subscription_id}{_INSIGHTS}/asyncOperationResults/{operation.id}"
    )


def _evaluation(call: Call) -> Response:
    operation = call.box.operation(call.values["id"])
    if operation is not None and operation.status == "Succeeded":
        return Response.empty(200)
    return location_answer(call, operation)


# ---------------------------------------------------------------- events and the rest


def query_events(call: Call) -> Response:
    kind = _kind(call, "policyEvents", "default")
    place = _place_of(call)
    query = read_query(call, EVENT_COLUMNS)
    rows = (
        row
        for row in _here(events_between(call.box, query.since, query.until), place)
        if any(
            same(row["resourceId"], scope) if place.exact else id_within(row["resourceId"], scope)
            for scope in place.scopes
        )
    )
    return answer(call, query, rows, "policyEvents", kind, None)


def query_nothing(call: Call) -> Response:
    """Tracked resources and component states, which nothing here has."""
    _place_of(call)
    scope, resource, kind = call.values.get("scope", ""), call.id.split("/")[-3], call.values["kind"]
    context = f"{call.request.origin}{scope}{_INSIGHTS}/{resource}/$metadata#{kind}"
    return Response.of({"@odata.context": context, "@odata.count": 0, "value": []})


def list_metadata(call: Call) -> Response:
    """Texts of controls, which are Microsoft's and not here."""
    return page(call, ())


def get_metadata(call: Call) -> Response:
    name = call.values["name"]
    raise Refusal(404, "PolicyMetadataNotFound", f"The policy metadata '{name}' could not be found.")


ROUTES: tuple[Route, ...] = (
    Route("POST", f"{_AT}/policyStates/{{kind}}/queryResults", query_states),
    Route("POST", f"{_AT}/policyStates/{{kind}}/summarize", summarize_states),
    Route("POST", f"{_AT}/policyStates/latest/triggerEvaluation", trigger),
    Route("GET", f"/subscriptions/{{subscription}}{_INSIGHTS}/asyncOperationResults/{{id}}", _evaluation),
    Route("POST", f"{_AT}/policyEvents/{{kind}}/queryResults", query_events),
    Route("POST", f"{_AT}/policyTrackedResources/{{kind}}/queryResults", query_nothing),
    Route("POST", f"{_AT}/componentPolicyStates/{{kind}}/queryResults", query_nothing),
    Route("GET", f"{_INSIGHTS}/policyMetadata", list_metadata),
    Route("GET", f"{_INSIGHTS}/policyMetadata/{{name}}", get_metadata),
)
