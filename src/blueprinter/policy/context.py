"""What the expressions of a policy may ask for, on one resource.

Sources: Microsoft Learn, "Azure Policy definition structure policy rule", section Policy functions;
"Author policies for array properties on Azure resources".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import Protocol

from blueprinter.arm import ExpressionError, Resource, Unknown, Value, parse_id, scope_of
from blueprinter.casing import fold, get, same
from blueprinter.policy.fields import FieldName, Wildcard, read_field
from blueprinter.policy.model import Found, Lookup, UnsupportedReason
from blueprinter.policy.operators import Absent
from blueprinter.policy.subject import (
    RESOURCE_GROUP,
    SUBSCRIPTION,
    Exhausted,
    Frame,
    Subject,
    Undecidable,
    bound,
    policy_type,
)

MAX_WORK = 1_000_000
"""How much the functions of a rule may be given and give on one resource: characters, and eight for each element of
what is longer than a few hundred. Azure limits the number of functions and the size of each result, which leaves
rules of legal size that would take minutes."""


def utc_text(moment: datetime) -> str:
    """A time, to the second, as `utcNow()` gives it: in UTC, with seven digits. One without a zone is taken as UTC."""
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    return f"{moment:%Y-%m-%dT%H:%M:%S}.0000000Z"


class Surroundings(Protocol):
    """What is around a resource. Both answers are what `resourceGroup()` and `subscription()` give."""

    def resource_group(self) -> dict[str, Value]: ...
    def subscription(self) -> dict[str, Value]: ...


class EvaluationContext:
    """The `PolicyContext` of one policy on one resource. `frame` is the count that is being evaluated."""

    __slots__ = (
        "_given",
        "_policy",
        "_request",
        "frame",
        "now",
        "parameters",
        "steps",
        "subject",
        "surroundings",
        "work",
    )

    def __init__(
        self,
        subject: Subject,
        parameters: Mapping[str, Value],
        surroundings: Surroundings,
        *,
        now: str,
        policy: Mapping[str, Value],
        request: Mapping[str, Value] | None = None,
    ) -> None:
        """`parameters` by folded name, defaults included; `now` is ISO 8601 in UTC."""
        self.subject = subject
        self.parameters = parameters
        self.surroundings = surroundings
        self.now = now
        self.frame: Frame | None = None
        self.steps = 0
        """Members of arrays that were looked at, and other work of comparisons."""
        self.work = 0
        """What functions were given and gave."""
        self._policy = policy
        self._request = request
        self._given: set[str] = set()

    @property
    def is_request(self) -> bool:
        """Whether a request is judged, rather than a resource that exists."""
        return self._request is not None

    def spend(self, work: int) -> None:
        """Counts the work of a function. Raises `Exhausted` past the limit."""
        self.work += work
        if self.work > MAX_WORK:
            detail = f"the functions of the rule handle more than {MAX_WORK:,} characters"
            raise Exhausted(detail)

    def parameter(self, name: str) -> Value:
        folded = fold(name)
        if folded not in self.parameters:
            raise Undecidable(UnsupportedReason.PARAMETER_MISSING, f"the parameter `{name}` has no value")
        return self.parameters[folded]

    def field(self, name: str) -> Value:
        """`field('x')` of the evaluated resource: the empty text for what is absent, and a list for `[*]`,
        without the members that lack the property."""
        return self._read(read_field(name))

    def _read(self, name: FieldName) -> Value:
        counted = bound(self.frame, name)
        # members of a related resource are no business of `field()`, which reads the evaluated one everywhere
        fixed = counted[1] if counted is not None and counted[0] is self.subject else ()
        found = self.subject.look(name, fixed)
        if found.unknown is not None:
            return found.unknown
        if found.many or name.wildcards or Wildcard.EACH in found.steps:
            self.spend(_A_MEMBER * len(found.hits))
            return [hit.value for hit in found.hits if not isinstance(hit.value, Absent)]
        value = found.hits[0].value
        return "" if isinstance(value, Absent) else value

    def current(self, name: str | None) -> Value:
        """The member that a count is looking at, or a property of it. Null for a property that it lacks."""
        if self.frame is None:
            raise ExpressionError("`current` stands outside of a count")
        if name is None:
            return self.frame.value
        frame: Frame | None = self.frame
        while frame is not None:
            if frame.subject is None and fold(name) in frame.names:
                return frame.value
            frame = frame.parent
        field = read_field(name)
        found = bound(self.frame, field)
        if found is None:
            raise ExpressionError(f"no count around it looks at `{name}`")
        subject, fixed = found
        selection = subject.look(field, fixed)
        if selection.unknown is not None:
            return selection.unknown
        values = [None if isinstance(hit.value, Absent) else hit.value for hit in selection.hits]
        return list(values) if selection.many else values[0]

    def policy(self) -> Mapping[str, Value]:
        return self._policy

    def request_context(self) -> Mapping[str, Value]:
        """`apiVersion` is the resource's own. Scans of existing resources use the latest version; where a row
        does not tell it, the day of the run stands for it, because no version is newer."""
        if self._request is not None and get(self._request, "apiVersion") is not None:
            return self._request
        version = self.subject.resource.api_version or self.now[:10]
        return {**(self._request or {}), "apiVersion": version}

    def resource_group(self) -> Mapping[str, Value]:
        return self._note(self.surroundings.resource_group())

    def subscription(self) -> Mapping[str, Value]:
        return self._note(self.surroundings.subscription())

    def utc_now(self) -> str:
        return self.now

    def _note(self, value: dict[str, Value]) -> dict[str, Value]:
        self._given.update(member.expression for member in value.values() if isinstance(member, Unknown))
        return value

    def reason_of(self, unknown: Unknown) -> UnsupportedReason:
        """Why a value is not known: only Azure knows it, or the surroundings were not collected."""
        if any(text in unknown.expression for text in self._given):
            return UnsupportedReason.NOT_COLLECTED
        return UnsupportedReason.RUNTIME_VALUE


_A_MEMBER = 8
_USUAL = ("", "subscriptions", "resourcegroups", "providers")
_SPELLINGS = frozenset({_USUAL, ("", "subscriptions", "resourceGroups", "providers")})
_words = itemgetter(0, 1, 3, 5)
_USUAL_LENGTHS = (9, 11, 13)
"""Of ids of resources in resource groups, whose type has one, two or three parts."""
_GROUP_KEYS = ("id", "name", "type", "location", "managedBy", "tags", "properties")
_SUBSCRIPTION_KEYS = ("id", "subscriptionId", "displayName", "tenantId", "tags")


class LookupSurroundings:
    """Resource group and subscription by lookup; what was not collected is unknown, but for what the
    resource's id tells."""

    __slots__ = ("_group", "_lookup", "_resource", "_subscription")

    def __init__(self, resource: Resource, lookup: Lookup) -> None:
        self._resource = resource
        self._lookup = lookup
        self._group: dict[str, Value] | None = None
        self._subscription: dict[str, Value] | None = None

    def resource_group(self) -> dict[str, Value]:
        if self._group is None:
            self._group = self._find_group()
        return self._group

    def subscription(self) -> dict[str, Value]:
        if self._subscription is None:
            self._subscription = self._find_subscription()
        return self._subscription

    def _find_group(self) -> dict[str, Value]:
        scope = group_of(self._resource.id)
        name = scope.rpartition("/")[2]
        if not scope and self._resource.id.startswith("["):  # an id that only Azure knows
            return {key: Unknown(f"resourceGroup().{key}") for key in _GROUP_KEYS}
        if not scope and not self._is_a(RESOURCE_GROUP):
            raise ExpressionError("the resource is in no resource group")
        found = self._look((RESOURCE_GROUP, "Microsoft.Resources/resourceGroups"), scope)
        if found is None:
            open_members: dict[str, Value] = {
                key: Unknown(f"resourceGroup().{key}")
                for key in ("location", "tags", "managedBy", "properties")
            }
            return {"id": scope, "name": name, "type": "Microsoft.Resources/resourceGroups", **open_members}
        return {
            "id": scope,
            "name": found.name or name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": get(found.body, "location"),
            "managedBy": get(found.body, "managedBy"),
            "tags": get(found.body, "tags") or {},
            "properties": get(found.body, "properties") or {},
        }

    def _find_subscription(self) -> dict[str, Value]:
        scope = subscription_of(self._resource.id)
        if not scope and self._resource.id.startswith("["):
            return {key: Unknown(f"subscription().{key}") for key in _SUBSCRIPTION_KEYS}
        if not scope and not self._is_a(SUBSCRIPTION):
            raise ExpressionError("the resource is in no subscription")
        known: dict[str, Value] = {"id": scope, "subscriptionId": scope.rpartition("/")[2]}
        found = self._look((SUBSCRIPTION,), scope)
        if found is None:
            return {
                **known,
                **{key: Unknown(f"subscription().{key}") for key in ("displayName", "tenantId", "tags")},
            }
        return {
            **known,
            "displayName": get(found.body, "displayName") or found.name,
            "tenantId": get(found.body, "tenantId"),
            "tags": get(found.body, "tags") or {},
        }

    def _is_a(self, type: str) -> bool:
        return same(policy_type(self._resource.type), type)

    def _look(self, types: tuple[str, ...], scope: str) -> Resource | None:
        if self._is_a(types[0]):
            return self._resource
        for type in types:
            found = self._lookup(type, None, scope)
            if isinstance(found, Found):
                own = [one for one in found.resources if fold(one.id.rstrip("/")) == fold(scope)]
                if own:
                    return own[0]
        return None


class GivenSurroundings:
    """Resource group and subscription as a policy test states them; what it does not state comes from others."""

    __slots__ = ("_group", "_others", "_subscription")

    def __init__(
        self,
        group: Mapping[str, Value] | None,
        subscription: Mapping[str, Value] | None,
        others: Surroundings,
    ) -> None:
        self._group = group
        self._subscription = subscription
        self._others = others

    def resource_group(self) -> dict[str, Value]:
        return dict(self._group) if self._group is not None else self._others.resource_group()

    def subscription(self) -> dict[str, Value]:
        return dict(self._subscription) if self._subscription is not None else self._others.subscription()


def group_of(id: str) -> str:
    """The id of the resource group that an id lies in; empty when it lies in none."""
    segments = id.split("/")
    if (
        len(segments) in _USUAL_LENGTHS
        and (_words(segments) in _SPELLINGS or tuple(map(fold, _words(segments))) == _USUAL)
        and "" not in segments[1:]
        and _USUAL[3] not in map(fold, segments[9::2])
    ):
        return f"/subscriptions/{segments[2]}/resourceGroups/{segments[4]}"
    scope = scope_of(id)
    return scope if scope.count("/") == 4 and fold(scope).startswith("/subscriptions/") else ""


def subscription_of(id: str) -> str:
    """The id of the subscription that an id lies in; empty when it lies in none."""
    parts = parse_id(id)
    return f"/subscriptions/{parts.subscription_id}" if parts is not None and parts.subscription_id else ""
