"""Where the related resource of an IfNotExists policy is looked for, and whether it is there.

Sources: Microsoft Learn, "Azure Policy definitions auditIfNotExists effect" and "… deployIfNotExists effect".
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from blueprinter.arm import ExpressionError, Resource, Unknown, Value, child_of, extended_by, id_within
from blueprinter.casing import fold, same
from blueprinter.policy.context import EvaluationContext, group_of, subscription_of
from blueprinter.policy.count import Open, Truth
from blueprinter.policy.fields import FieldKind, FieldName, segments
from blueprinter.policy.interpret import Evaluator, Observer, Trace
from blueprinter.policy.model import NOBODY, Found, Lookup, NotCollected, UnsupportedReason
from blueprinter.policy.operators import Absent
from blueprinter.policy.subject import RESOURCE_GROUP, SUBSCRIPTION, Subject, Undecidable, policy_type
from blueprinter.policy.syntax import (
    Existence,
    Expression,
    FieldLeft,
    Operand,
    called_in,
    conditions_in,
    evaluate_operand,
)

GUEST_CONFIGURATION = "microsoft.guestconfiguration/guestconfigurationassignments"
ASSESSMENTS = "microsoft.security/assessments"

EXTENSION_TYPES = frozenset(
    {
        "microsoft.advisor/recommendations",
        "microsoft.alertsmanagement/alerts",
        "microsoft.authorization/locks",
        "microsoft.authorization/policyassignments",
        "microsoft.authorization/policyexemptions",
        "microsoft.authorization/roleassignments",
        "microsoft.automanage/configurationprofileassignments",
        "microsoft.chaos/targets",
        "microsoft.guestconfiguration/guestconfigurationassignments",
        "microsoft.insights/datacollectionruleassociations",
        "microsoft.insights/diagnosticsettings",
        "microsoft.insights/guestdiagnosticsettings",
        "microsoft.insights/vminsightsonboardingstatuses",
        "microsoft.kubernetesconfiguration/extensions",
        "microsoft.kubernetesconfiguration/fluxconfigurations",
        "microsoft.maintenance/configurationassignments",
        "microsoft.policyinsights/attestations",
        "microsoft.policyinsights/remediations",
        "microsoft.recoveryservices/backupprotecteditems",
        "microsoft.resources/links",
        "microsoft.resources/tags",
        "microsoft.security/advancedthreatprotectionsettings",
        "microsoft.security/assessments",
        "microsoft.security/defenderforstoragesettings",
        "microsoft.security/sqlvulnerabilityassessments",
        "microsoft.serialconsole/serialports",
        "microsoft.servicelinker/linkers",
    }
)
"""Types that extend a resource of another type: they are looked for on the evaluated resource itself."""

_REASONS = {
    GUEST_CONFIGURATION: UnsupportedReason.GUEST_CONFIGURATION,
    ASSESSMENTS: UnsupportedReason.DEFENDER_ASSESSMENT,
}


class Search(NamedTuple):
    """What is looked for: a type, a name (None = any), a scope."""

    type: str
    name: str | None
    scope: str


class Related(NamedTuple):
    """What was found: whether a related resource satisfies, and how many there are."""

    exists: Truth
    search: Search | None = None
    candidates: tuple[Resource, ...] = ()


def find_related(
    existence: Existence,
    context: EvaluationContext,
    lookup: Lookup,
    observer: Observer | None = None,
    trace: Trace | None = None,
) -> Related:
    """Whether a related resource exists that satisfies the existence condition; any one suffices."""
    try:
        search = search_for(existence, context)
    except Undecidable as found:
        return Related(Open(found.reason, found.detail, found.path))
    except ExpressionError as found:
        return Related(Open(None, found.message))
    candidates = _candidates(search, context, lookup)
    if isinstance(candidates, NotCollected):
        return Related(not_collected(search.type, candidates), search)
    undecided: Open | None = None
    for resource in candidates:
        truth = _satisfies(existence, resource, context, observer, trace)
        if truth is True:
            return Related(True, search, candidates)
        if isinstance(truth, Open):
            undecided = undecided or truth
    return Related(False if undecided is None else undecided, search, candidates)


def not_collected(type: str, answer: NotCollected) -> Open:
    """What follows from resources of a type that were not collected."""
    return Open(reason_for(type), answer.detail or f"resources of type `{type}` were not collected")


def reason_for(type: str) -> UnsupportedReason:
    """Why a verdict that needs resources of a type cannot be given when they were not collected."""
    return _REASONS.get(fold(type), UnsupportedReason.NOT_COLLECTED)


def _satisfies(
    existence: Existence,
    resource: Resource,
    context: EvaluationContext,
    observer: Observer | None,
    trace: Trace | None,
) -> Truth:
    if existence.condition is None:
        return True
    related = Subject(resource, context.subject.aliases, strict=context.subject.strict)
    if trace is not None:
        trace.enter(resource)
    truth = Evaluator(context, related, observer, trace).holds(existence.condition)
    if trace is not None:
        trace.leave(truth)
    context.subject.merge_source(related)
    return truth


def _candidates(
    search: Search, context: EvaluationContext, lookup: Lookup
) -> tuple[Resource, ...] | NotCollected:
    answer = lookup(search.type, search.name, search.scope)
    own = context.subject.resource
    if isinstance(answer, Found):
        found = tuple(one for one in answer.resources if _is_about(one.id, own.id, search, context.subject))
        return found or _absence(search, lookup)
    if isinstance(answer, NotCollected) and _is_itself(search, context):
        return (own,)
    return answer if isinstance(answer, NotCollected) else ()


def _is_about(id: str, own: str, search: Search, subject: Subject) -> bool:
    """Whether a resource that was found may be the related one of a resource.

    What extends a resource is about that one: the settings of a blob service are not those of its account ("Diagnostic
    Settings - List" gives the settings of the specified resource). A container holds the extensions of everything in
    it; its own are meant.
    """
    if not id or not own:
        return True
    owner, own = extended_by(id), own.rstrip("/")
    if owner and fold(owner) not in (fold(own), fold(extended_by(own))):
        return False
    return fold(search.type) not in EXTENSION_TYPES or not _is_container(subject) or child_of(id, own)


def _absence(search: Search, lookup: Lookup) -> tuple[Resource, ...] | NotCollected:
    """Nothing, where the type was collected for that scope. That it was is told by the answer for a name that no
    resource has: extensions of what lies in the scope do not show that somebody asked for its own."""
    answer = lookup(search.type, NOBODY, search.scope)
    if isinstance(answer, NotCollected):
        detail = f"`{search.type}` of `{search.scope}` itself was not collected"
        return NotCollected(answer.detail or detail)
    return ()


def is_one_for_all(existence: Existence) -> bool:
    """Whether the existence condition reads related resources alone, and nothing of the evaluated one."""
    return existence.condition is None or not any(
        called_in(compare) & _OF_EVALUATED
        or (isinstance(compare.left, FieldLeft) and isinstance(compare.left.name, Expression))
        for compare in conditions_in(existence.condition)
    )


_OF_EVALUATED = frozenset({"field", "requestcontext", "resourcegroup", "subscription"})
"""Functions that tell something of the evaluated resource."""


def is_the_same_for_all(search: Search, resource: Resource, lookup: Lookup) -> bool:
    """Whether all resources of a type that look for this beside themselves find the same: it is of another type, and
    belongs to none of them."""
    if fold(search.type) in EXTENSION_TYPES or same(search.type, policy_type(resource.type)):
        return False
    answer = lookup(search.type, search.name, search.scope)
    return not isinstance(answer, Found) or not any(extended_by(one.id) for one in answer.resources)


def _is_container(subject: Subject) -> bool:
    return fold(subject.type) in (fold(RESOURCE_GROUP), fold(SUBSCRIPTION))


def _is_itself(search: Search, context: EvaluationContext) -> bool:
    """Whether a policy looks for the evaluated resource again, under its own name and where it lies."""
    if search.name is None or not same(search.type, context.subject.type):
        return False
    within = not search.scope or id_within(context.subject.resource.id, search.scope)
    return within and same(search.name, _full_name(context))


def search_for(existence: Existence, context: EvaluationContext) -> Search:
    """Type, name and scope of the related resource. Raises `ExpressionError` and `Undecidable`.

    A child, and what extends a resource, is looked for in the evaluated resource; anything else in its resource
    group, in the group that `resourceGroupName` names, or with `existenceScope: subscription` in all of the
    subscription.
    """
    type = _text(existence.type, context)
    if not type:
        raise ExpressionError("the type of the related resource is empty")
    name = _text(existence.name, context) or None
    subject = context.subject
    id = subject.resource.id
    place = _place_of(type, subject.type)
    if place is _Place.IN_CONTAINER:
        return Search(type, name, _scope_in_container(existence, context))
    if place is not _Place.BESIDE:
        if name is not None and place is _Place.BELOW and name.count("/") < segments(type) - 1:
            name = f"{_full_name(context)}/{name}"
        return Search(type, name, id)
    if same(_text(existence.existence_scope, context), "subscription"):
        return Search(type, name, subscription_of(id))
    group = _text(existence.resource_group, context)
    if group:
        return Search(type, name, f"{subscription_of(id)}/resourceGroups/{group}")
    return Search(type, name, group_of(id) or subscription_of(id))


class _Place(Enum):
    """Where related resources of a type lie, seen from the evaluated resource."""

    IN_CONTAINER = "in a container"
    """The evaluated resource is a resource group or a subscription."""
    BELOW = "below it"
    ON_IT = "on it"
    BESIDE = "beside it"


@lru_cache(maxsize=1_024)
def _place_of(type: str, own: str) -> _Place:
    if fold(own) in (fold(RESOURCE_GROUP), fold(SUBSCRIPTION)):
        return _Place.IN_CONTAINER
    if fold(type).startswith(f"{fold(own)}/"):
        return _Place.BELOW
    return _Place.ON_IT if fold(type) in EXTENSION_TYPES else _Place.BESIDE


def _scope_in_container(existence: Existence, context: EvaluationContext) -> str:
    id = context.subject.resource.id
    group = _text(existence.resource_group, context)
    if same(_text(existence.existence_scope, context), "subscription"):
        return subscription_of(id)
    return f"{subscription_of(id)}/resourceGroups/{group}" if group else id


def _full_name(context: EvaluationContext) -> str:
    value = context.subject.look(FieldName("fullName", FieldKind.FULL_NAME)).hits[0].value
    return value if isinstance(value, str) and not isinstance(value, Absent) else ""


def _text(operand: Operand | None, context: EvaluationContext) -> str:
    if operand is None:
        return ""
    value: Value = evaluate_operand(operand, context)
    if isinstance(value, Unknown):
        raise Undecidable(context.reason_of(value), f"`[{value.expression}]` is known only to Azure")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ExpressionError("a type, a name or a scope of the related resource is no text")
    return value
