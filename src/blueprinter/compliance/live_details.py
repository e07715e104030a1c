"""Why Azure finds a resource non-compliant: asked for by resource, and only of findings that are shown.

Resource Graph has no details, so they are asked of Policy Insights whatever the states came from. Sources: Microsoft
Learn, REST reference "Policy States - List Query Results For Resource" (`$expand=PolicyEvaluationDetails`) and
"Determine causes of non-compliance". What Azure says of a value that may be a secret is not documented there, so none
of those is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm import Value
from blueprinter.azure import ArmClient, AzureError
from blueprinter.casing import fold, get, same
from blueprinter.compliance.live import Asked, key_of
from blueprinter.compliance.live_requests import side_by_side
from blueprinter.compliance.live_text import shown as shown_moment
from blueprinter.compliance.live_text import text_of
from blueprinter.compliance.model import Finding, Pair
from blueprinter.document import Json
from blueprinter.policy import OPERATORS, shown, words_for

_API_VERSION = "2019-10-01"
_STATES = "/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults"
_LONGEST = 300
_SECRET = re.compile(
    r"password|passphrase|secret|token|credential|connectionstring|sharedkey|accesskey|accountkey|privatekey|apikey|"
    r"\bkey\b|primarykey|secondarykey|sasur[il]|certificatedata",
    re.IGNORECASE,
)
"""Names of properties whose value is not shown."""
_PLAIN = frozenset({"type", "kind", "location", "name", "id", "resourcegroup"})
"""Fields that say which resources a policy is about, and seldom what is wrong."""
HIDDEN = "not shown: it may be a secret"


class Reason(Struct, frozen=True):
    """What a rule looked at, wants there, and found."""

    path: str
    expected: str
    actual: str


class Detailed(Struct, frozen=True):
    """Findings with reasons."""

    findings: tuple[Finding, ...]
    asked: int
    """Requests."""
    left: int
    """Findings that were not asked about."""


def with_details(arm: ArmClient, asked: Asked, findings: Sequence[Finding], most: int) -> Detailed:
    """Findings, the first of them with what Azure says of why: at most `most` requests, one a resource, eight at once.

    A resource that is gone or unreadable by now leaves its findings as they are. Raises `AzureError`.
    """
    open_ = [one for one in findings if one.pair is Pair.NON_COMPLIANT and not one.state.expected]
    resources = dict.fromkeys(one.state.resource.id for one in open_)
    wanted = list(resources)[: max(most, 0)]
    told: dict[tuple[str, tuple[str, str]], Reason] = {}
    for id, rows in zip(wanted, side_by_side(lambda id: _rows(arm, asked, id), wanted), strict=True):
        for row in rows:
            assignment = fold(text_of(get(row, "policyAssignmentId")).rstrip("/"))
            reference = fold(text_of(get(row, "policyDefinitionReferenceId")))
            reason = read_reason(get(row, "policyEvaluationDetails"))
            if reason is not None:
                told[fold(id), (assignment, reference)] = reason
    chosen = frozenset(map(fold, wanted))
    left = sum(fold(one.state.resource.id) not in chosen for one in open_)
    return Detailed(tuple(_told(one, told) for one in findings), len(wanted), left)


def _told(one: Finding, told: Mapping[tuple[str, tuple[str, str]], Reason]) -> Finding:
    reason = told.get((fold(one.state.resource.id), key_of(one.state.assigned)))
    if reason is None:
        return one
    state = replace(one.state, path=reason.path, expected=reason.expected, actual=reason.actual)
    return replace(one, state=state)


def _rows(arm: ArmClient, asked: Asked, id: str) -> list[dict[str, Json]]:
    query = {
        "$from": shown_moment(asked.since),
        "$to": shown_moment(asked.until),
        "$filter": "complianceState eq 'NonCompliant'",
        "$expand": "PolicyEvaluationDetails",
    }
    try:
        return list(arm.items(f"{id}{_STATES}", _API_VERSION, method="POST", query=query))
    except AzureError as refused:
        if refused.not_found or refused.forbidden:
            return []
        raise


def without_secrets(details: Json) -> Json:
    """Details without the values that are not shown either; what is absent stays absent."""
    if isinstance(details, list):
        return [without_secrets(one) for one in details]
    if not isinstance(details, dict):
        return details
    named = f"{text_of(get(details, 'expression'))} {text_of(get(details, 'path'))}"
    hidden = _SECRET.search(named) is not None
    found: dict[str, Json] = {}
    for key, value in details.items():
        value_of = same(key, "expressionValue") or same(key, "targetValue")
        kept = value is None or isinstance(value, bool)
        found[key] = HIDDEN if hidden and value_of and not kept else without_secrets(value)
    return found


def read_reason(details: Json) -> Reason | None:
    """The one comparison that tells most, as people read it; None where none can be told.

    A rule fires where its conditions hold: the last one that holds and is about more than the type is what is wrong.
    Where related resources are looked for, it is what the nearest of them does not meet, or that there is none.
    """
    if not isinstance(details, dict):
        return None
    expressions = get(details, "evaluatedExpressions")
    rows = [row for row in expressions if isinstance(row, dict)] if isinstance(expressions, list) else []
    existence = get(details, "ifNotExistsDetails")
    if isinstance(existence, dict):
        if get(existence, "totalResources") == 0:
            return Reason("", "a related resource that complies", "none exists")
        failing = [row for row in rows if same(text_of(get(row, "result")), "False")]
        return _first(_reason(row, holds=True) for row in reversed(failing))
    firing = [row for row in rows if same(text_of(get(row, "result")), "True")]
    return _first(_reason(row, holds=False) for row in reversed(firing)) or _first(
        _reason(row, holds=True) for row in reversed(rows) if row not in firing
    )


def _first(reasons: Iterable[Reason | None]) -> Reason | None:
    return next((one for one in reasons if one is not None), None)


def _reason(row: Mapping[str, Json], *, holds: bool) -> Reason | None:
    """One comparison. `holds`: whether the rule wants it to hold."""
    name, path = text_of(get(row, "expression")), text_of(get(row, "path"))
    operator = OPERATORS.get(_spelled(text_of(get(row, "operator"))))
    if operator is None or fold(name) in _PLAIN or fold(path) in _PLAIN:
        return None
    target, value = cast(Value, get(row, "targetValue")), cast(Value, get(row, "expressionValue"))
    if value is None and same(text_of(get(row, "expressionKind")), "Count"):
        return None  # it says what was counted, and not how many
    place = path or name
    if _SECRET.search(place) or _SECRET.search(name):
        known = operator.name == "exists"
        expected = words_for(operator, target, holds=holds) if known else HIDDEN
        return Reason(_short(place), expected, "absent" if value is None else HIDDEN)
    expected = words_for(operator, target, holds=holds)
    return Reason(_short(place), _short(expected), "absent" if value is None else _short(shown(value)))


def _spelled(operator: str) -> str:
    """Azure writes operators with a capital letter, rules without."""
    return operator[:1].lower() + operator[1:]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
