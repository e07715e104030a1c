"""Policy states by Azure Resource Graph: Azure counts, over all subscriptions at once.

Sources: Microsoft Learn, "Azure Resource Graph sample queries for Azure Policy", "Guidance for pagination" and
"Guidance for throttled requests in Azure Resource Graph". Preview: the shape of its rows follows Microsoft's samples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from blueprinter.arm import parse_id
from blueprinter.azure import ArmClient, AzureError, ErrorDetail
from blueprinter.casing import fold, get, same
from blueprinter.compliance.live import Asked, Place, PolicyKey, StateCount, StateRow
from blueprinter.compliance.live_requests import lots_of
from blueprinter.compliance.live_text import malformed, moment_of, needed, number_of, shown, text_of
from blueprinter.compliance.policyinsights import type_of
from blueprinter.compliance.scope import type_key
from blueprinter.document import Json

_PATH = "/providers/Microsoft.ResourceGraph/resources"
_API_VERSION = "2022-10-01"
_MOST_SUBSCRIPTIONS = 300
_MOST_ROWS = 1000
_TOP_LEVEL = "^(/subscriptions/[^/]+/resourcegroups/[^/]+/providers/[^/]+/[^/]+/[^/]+)"
_LIMIT_HIT = "x-ms-tenant-subscription-limit-hit"


def ask_graph(
    arm: ArmClient, query: str, subscriptions: Sequence[str], *, filter: str = ""
) -> Iterator[dict[str, Json]]:
    """The rows of a query over subscriptions (`/subscriptions/<id>`), of all pages and lots.

    A query needs a column `id` and an order, or it cannot be read in pages. Raises `AzureError`; BP607 where Azure
    says that rows are missing, or where fewer or more came than it counted.
    """
    for lot in lots_of(subscriptions, _MOST_SUBSCRIPTIONS):
        names = [one.rpartition("/")[2] for one in lot]
        options: dict[str, Json] = {"resultFormat": "objectArray", "$top": _MOST_ROWS}
        if filter:
            options["authorizationScopeFilter"] = filter
        yield from _pages(arm, {"query": query, "subscriptions": list(names)}, options)


def subscriptions_seen_in(arm: ArmClient, management_group: str) -> tuple[str, ...]:
    """The subscriptions in and below a management group (its full id) that can be read. Raises `AzureError`."""
    query = (
        "resourcecontainers\n| where type =~ 'microsoft.resources/subscriptions'\n"
        "| project id, subscriptionId\n| order by id asc"
    )
    body: dict[str, Json] = {"query": query, "managementGroups": [management_group.rpartition("/")[2]]}
    rows = _pages(arm, body, {"resultFormat": "objectArray", "$top": _MOST_ROWS})
    try:
        return tuple(f"/subscriptions/{needed(row, 'subscriptionId')}" for row in rows)
    except AzureError as refused:
        # one query over nothing that can be read is an error, and not an empty answer
        if not any(code.startswith("NoValid") for code in refused.codes):
            raise
        return ()


def _pages(
    arm: ArmClient, body: Mapping[str, Json], options: Mapping[str, Json]
) -> Iterator[dict[str, Json]]:
    token, seen, came = "", set[str](), 0
    while True:
        asked: Json = {**body, "options": {**options, **({"$skipToken": token} if token else {})}}
        answer = arm.call("POST", _PATH, _API_VERSION, body=asked, idempotent=True)
        rows, total = get(answer.members, "data"), get(answer.members, "totalRecords")
        if not isinstance(rows, list) or not isinstance(total, int):
            raise _broken("an answer of Resource Graph has no rows")
        if same(str(get(answer.members, "resultTruncated")), "true"):
            raise _broken("Resource Graph cut the result off")
        if same(answer.headers.get(_LIMIT_HIT, ""), "true"):
            raise _broken("Resource Graph left subscriptions out: there are too many for one query")
        for row in rows:
            if not isinstance(row, dict):
                raise _broken("a row of Resource Graph is no object")
            yield row
        came += len(rows)
        following = text_of(get(answer.members, "$skipToken"))
        if not following:
            if came != total:
                raise _broken(f"{came:,} of {total:,} rows came")
            return
        if following in seen or not rows:
            raise _broken("a page of Resource Graph repeats")
        seen.add(following)
        token = following


def _broken(message: str) -> AzureError:
    hint = "the result would be incomplete, so none is given; run again"
    return AzureError("BP607", ErrorDetail("", message), method="POST", url=_PATH, hint=hint)


class ResourceGraph:
    """A `StateReader`."""

    name = "Azure Policy states (Resource Graph, preview)"

    def __init__(self, arm: ArmClient) -> None:
        self._arm = arm

    def counts(self, asked: Asked) -> list[StateCount]:
        by = "subscriptionId, assignment, reference, resourceType, complianceState"
        summed = (
            f"| summarize resources = count() by {by}\n"
            "| extend id = strcat(subscriptionId, '|', assignment, '|', reference, '|', resourceType, '|',"
            " complianceState)\n| order by id asc"
        )
        return [
            StateCount(_policy(row), _place(row), needed(row, "complianceState"), number_of(row, "resources"))
            for row in ask_graph(self._arm, f"{_states(asked)}\n{summed}", asked.subscriptions)
        ]

    def total(self, asked: Asked) -> int | None:
        """None: of every query Resource Graph says how many rows its result has."""
        return None

    def judged(self, asked: Asked) -> Mapping[Place, int]:
        summed = (
            "| summarize states = count() by subscriptionId, resourceType, resourceId\n"
            "| summarize resources = count() by subscriptionId, resourceType\n"
            "| extend id = strcat(subscriptionId, '|', resourceType)\n| order by id asc"
        )
        found: Counter[Place] = Counter()
        for row in ask_graph(self._arm, f"{_states(asked)}\n{summed}", asked.subscriptions):
            found[_place(row)] += number_of(row, "resources")
        return found

    def rows(
        self, asked: Asked, *, compliant: bool, policies: Sequence[PolicyKey] = ()
    ) -> Iterator[StateRow]:
        which = f"| where complianceState {'=~' if compliant else '!~'} 'Compliant'"
        if policies:
            keys = ", ".join(_quoted(f"{assignment}|{reference}") for assignment, reference in policies)
            which += f"\n| where strcat(assignment, '|', reference) in ({keys})"
        columns = "id, at, resourceId, resourceType, resourceLocation, assignment, reference, complianceState"
        query = f"{_states(asked)}\n{which}\n| project {columns}\n| order by id asc"
        for row in ask_graph(self._arm, query, asked.subscriptions):
            yield _row(row)


def _states(asked: Asked) -> str:
    """The table of states with plain columns, narrowed to what is asked for."""
    lines = [
        "policyresources",
        "| where type =~ 'microsoft.policyinsights/policystates'",
        "| extend at = todatetime(properties.timestamp)",
        f"| where at >= datetime({shown(asked.since)}) and at <= datetime({shown(asked.until)})",
        "| extend assignment = tolower(tostring(properties.policyAssignmentId)),"
        " reference = tolower(tostring(properties.policyDefinitionReferenceId)),"
        " resourceId = tolower(tostring(properties.resourceId)),"
        " resourceType = tostring(properties.resourceType),"
        " resourceLocation = tostring(properties.resourceLocation),"
        " complianceState = tostring(properties.complianceState)",
    ]
    if asked.assignments:
        lines.append(f"| where assignment in ({', '.join(map(_quoted, asked.assignments))})")
    if asked.resource_group:
        folded = _quoted(f"{fold(asked.resource_group)}/")
        lines.append(
            f"| where resourceId startswith {folded} or resourceId == {_quoted(fold(asked.resource_group))}"
        )
    if asked.resources:
        lines.append(f"| where resourceId in ({', '.join(map(_quoted, asked.resources))})")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """A text in a query, whatever is in it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def read_gone(arm: ArmClient, asked: Asked) -> frozenset[str]:
    """Folded ids of resources that have a state and are in no table any more: what was deleted keeps its states until
    Azure evaluates again. Raises `AzureError`.

    Only what has a location of its own is looked for: the tables have all of that (Microsoft Learn, "Azure Resource
    Graph table and resource type reference"), but few children and extensions. Those are gone with what holds them.
    """
    query = (
        f"{_states(asked)}\n"
        f"| extend holder = extract('{_TOP_LEVEL}', 1, resourceId)\n"
        "| where isnotempty(holder) and (isnotempty(resourceLocation) or resourceId != holder)\n"
        "| summarize located = max(resourceLocation) by holder, id = resourceId\n"
        "| join kind=leftouter (resources | project holder = tolower(id), there = type) on holder\n"
        "| where isempty(there)\n| project id, holder, located\n| order by id asc"
    )
    unlisted: dict[str, str] = {}
    gone: set[str] = set()
    for row in ask_graph(arm, query, asked.subscriptions):
        id = fold(needed(row, "id"))
        unlisted[id] = fold(needed(row, "holder"))
        if text_of(row.get("located")):
            gone.add(id)
    return frozenset(gone | {id for id, holder in unlisted.items() if holder in gone})


def _policy(row: Mapping[str, Json]) -> PolicyKey:
    return fold(needed(row, "assignment").rstrip("/")), fold(text_of(row.get("reference")))


def _place(row: Mapping[str, Json]) -> Place:
    return fold(f"/subscriptions/{needed(row, 'subscriptionId')}"), type_key(type_of(row))


def _row(row: Mapping[str, Json]) -> StateRow:
    id = needed(row, "resourceId")
    if parse_id(id) is None:
        raise malformed(f"`{id}` is no id of a resource")
    return StateRow(
        _policy(row),
        id,
        type_of(row),
        needed(row, "complianceState"),
        moment_of(needed(row, "at")),
        text_of(row.get("resourceLocation")),
    )
