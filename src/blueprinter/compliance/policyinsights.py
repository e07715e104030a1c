"""Policy states by Policy Insights, subscription by subscription.

Sources: Microsoft Learn, REST reference "Policy States - List Query Results For Subscription" and "Get compliance data
of Azure resources". `$from` is always sent: without it the window is one day, and what was evaluated before is silently
left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from blueprinter.arm import parse_id
from blueprinter.azure import ArmClient
from blueprinter.casing import fold
from blueprinter.compliance.live import Asked, Place, PolicyKey, StateCount, StateRow
from blueprinter.compliance.live_requests import lots_of, side_by_side
from blueprinter.compliance.live_text import malformed, moment_of, needed, number_of, shown, text_of
from blueprinter.compliance.scope import subscription_of, type_key
from blueprinter.document import Json

_API_VERSION = "2019-10-01"
_STATES = "/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults"
_COLUMNS = ",".join(
    (
        "timestamp",
        "resourceId",
        "resourceType",
        "resourceLocation",
        "policyAssignmentId",
        "policyDefinitionReferenceId",
        "complianceState",
    )
)
_NAMED = 8
"""So many ids or references are named in a filter; the address of a request is no place for more."""
_UNSPOKEN_TYPES: Mapping[str, str] = {
    "subscriptions": "Microsoft.Resources/subscriptions",
    "resourcegroups": "Microsoft.Resources/subscriptions/resourceGroups",
    "subscriptions/resourcegroups": "Microsoft.Resources/subscriptions/resourceGroups",
}


class PolicyInsights:
    """A `StateReader`."""

    name = "Azure Policy states (Policy Insights)"

    def __init__(self, arm: ArmClient) -> None:
        self._arm = arm

    def counts(self, asked: Asked) -> list[StateCount]:
        columns = "policyAssignmentId, policyDefinitionReferenceId, resourceType, complianceState"
        apply = f"groupby(({columns}), aggregate($count as resources))"

        def of(scope: str) -> list[StateCount]:
            place = fold(subscription_of(scope))
            return [
                StateCount(
                    _policy(row),
                    (place, type_key(type_of(row))),
                    needed(row, "complianceState"),
                    number_of(row, "resources"),
                )
                for row in self._ask(scope, asked, apply=apply)
            ]

        return list(chain.from_iterable(side_by_side(of, _scopes(asked))))

    def total(self, asked: Asked) -> int | None:
        """Counted by Azure in one row, which no page can leave out."""
        apply = "aggregate($count as resources)"

        def of(scope: str) -> int:
            return sum(number_of(row, "resources") for row in self._ask(scope, asked, apply=apply))

        return sum(side_by_side(of, _scopes(asked)))

    def judged(self, asked: Asked) -> Mapping[Place, int]:
        apply = "groupby((resourceId, resourceType))/groupby((resourceType), aggregate($count as resources))"

        def of(scope: str) -> Counter[Place]:
            place = fold(subscription_of(scope))
            found: Counter[Place] = Counter()
            for row in self._ask(scope, asked, apply=apply):
                found[place, type_key(type_of(row))] += number_of(row, "resources")
            return found

        total: Counter[Place] = Counter()
        for one in side_by_side(of, _scopes(asked)):
            total.update(one)
        return total

    def rows(
        self, asked: Asked, *, compliant: bool, policies: Sequence[PolicyKey] = ()
    ) -> Iterator[StateRow]:
        state = f"complianceState {'eq' if compliant else 'ne'} 'Compliant'"
        filters = [_both(state, some) for some in _narrowed(policies)] or [state]
        wanted = frozenset(policies)

        def of(work: tuple[str, str]) -> list[StateRow]:
            return [_row(row) for row in self._ask(work[0], asked, where=work[1])]

        for found in side_by_side(of, [(scope, one) for scope in _scopes(asked) for one in filters]):
            yield from (row for row in found if not wanted or row.policy in wanted)

    def _ask(
        self, scope: str, asked: Asked, *, apply: str = "", where: str = ""
    ) -> Iterator[dict[str, Json]]:
        query = {"$from": shown(asked.since), "$to": shown(asked.until)}
        named = _acting_in(scope, asked.assignments)
        if 0 < len(named) <= _NAMED:
            where = _both(where, " or ".join(f"policyAssignmentId eq {_quoted(one)}" for one in named))
        own = [one for one in asked.resources if fold(subscription_of(one)) == fold(subscription_of(scope))]
        for lot in lots_of(own, _NAMED) if asked.resources else (None,):
            only = "" if lot is None else " or ".join(f"resourceId eq {_quoted(one)}" for one in lot)
            yield from self._query(scope, query, _both(where, only), apply)

    def _query(
        self, scope: str, window: Mapping[str, str], where: str, apply: str
    ) -> Iterator[dict[str, Json]]:
        query = dict(window)
        if where:
            query["$filter"] = where
        if apply:
            query["$apply"] = apply
        else:
            query |= {"$select": _COLUMNS, "$orderby": "resourceId"}
        return self._arm.items(f"{scope}{_STATES}", _API_VERSION, method="POST", query=query)


def _acting_in(scope: str, assignments: Sequence[str]) -> list[str]:
    """Those of some assignments (folded ids) that can have states in a subscription: its own, and those above it."""
    own = fold(subscription_of(scope))
    return [one for one in assignments if subscription_of(one) in ("", own)]


def _scopes(asked: Asked) -> tuple[str, ...]:
    return (asked.resource_group,) if asked.resource_group else asked.subscriptions


def _narrowed(policies: Sequence[PolicyKey]) -> list[str]:
    """Conditions that hold for the rows of policies, a few policies each."""
    references = sorted({reference for _, reference in policies if reference})
    direct = sorted({assignment for assignment, reference in policies if not reference})
    return [
        " or ".join(f"{column} eq {_quoted(one)}" for one in some)
        for column, named in (("policyDefinitionReferenceId", references), ("policyAssignmentId", direct))
        for some in lots_of(named, _NAMED)
    ]


def _both(one: str, other: str) -> str:
    return f"({one}) and ({other})" if one and other else one or other


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _policy(row: Mapping[str, Json]) -> PolicyKey:
    assignment = needed(row, "policyAssignmentId").rstrip("/")
    return fold(assignment), fold(text_of(row.get("policyDefinitionReferenceId")))


def _row(row: Mapping[str, Json]) -> StateRow:
    id = needed(row, "resourceId")
    if parse_id(id) is None:
        raise malformed(f"`{id}` is no id of a resource")
    return StateRow(
        _policy(row),
        id,
        type_of(row),
        needed(row, "complianceState"),
        moment_of(needed(row, "timestamp")),
        text_of(row.get("resourceLocation")),
    )


def type_of(row: Mapping[str, Json]) -> str:
    """The type of a row's resource; some come with a slash in front, and subscriptions and groups without provider."""
    spelled = needed(row, "resourceType").strip("/")
    return _UNSPOKEN_TYPES.get(fold(spelled), spelled)
