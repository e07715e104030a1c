"""Where things are deployed: scopes, and the ids that resources get there.

Source: Microsoft Learn, "Set scope for extension resources in ARM templates" and the pages on deployments to
resource groups, subscriptions, management groups and tenants.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from blueprinter.arm.model import DeploymentContext, Unknown, Value
from blueprinter.arm.syntax import reduced_call
from blueprinter.casing import fold

_MANAGEMENT_GROUP = re.compile(
    r"/?(?:providers/)?Microsoft\.Management/managementGroups/([^/]+)/?", re.IGNORECASE
)
_GROUP_SCOPE = re.compile(r"/subscriptions/([^/]+)(?:/resourceGroups/([^/]+))?/?", re.IGNORECASE)
_TENANT_LEVEL = frozenset({"microsoft.management/managementgroups", "microsoft.subscription/aliases"})
"""Types that stand at the tenant wherever they are deployed from."""


class Target(Struct, frozen=True):
    """The scope that a template is deployed to. A part is "" where nobody gave it, `Unknown` where an expression
    that gives it cannot be computed."""

    scope: str
    """resourceGroup | subscription | managementGroup | tenant"""
    subscription: str | Unknown = ""
    resource_group: str | Unknown = ""
    management_group: str | Unknown = ""
    moved: bool = False
    """Whether it is another scope than that of the whole deployment."""

    def id(self) -> Value | None:
        """The id of the scope, "" for the tenant; None where not all of it is given."""
        if self.scope == "tenant":
            return ""
        if self.scope == "managementGroup":
            if isinstance(self.management_group, Unknown):
                return reduced_call(
                    "tenantResourceId", ("Microsoft.Management/managementGroups", self.management_group)
                )
            prefix = "/providers/Microsoft.Management/managementGroups/"
            return prefix + self.management_group if self.management_group else None
        if not self.subscription or (self.scope == "resourceGroup" and not self.resource_group):
            return None
        if self.scope == "subscription":
            if isinstance(self.subscription, Unknown):
                return reduced_call(
                    "tenantResourceId", ("Microsoft.Resources/subscriptions", self.subscription)
                )
            return f"/subscriptions/{self.subscription}"
        if isinstance(self.subscription, Unknown) or isinstance(self.resource_group, Unknown):
            kind = "Microsoft.Resources/resourceGroups"
            return reduced_call("subscriptionResourceId", (self.subscription, kind, self.resource_group))
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"

    def context(self, of: DeploymentContext, name: str, location: str) -> DeploymentContext:
        """The facts of a deployment to this scope; `of` holds the facts of the whole deployment."""
        return replace(
            of,
            scope=self.scope,
            subscription_id=_known(self.subscription),
            resource_group=_known(self.resource_group),
            management_group=_known(self.management_group),
            deployment_name=name,
            location=location,
        )


def _known(part: str | Unknown) -> str:
    return part if isinstance(part, str) else ""


def target_of(context: DeploymentContext, scope: str) -> Target:
    """The target of a whole deployment, to the scope that its template's schema names."""
    return Target(scope, context.subscription_id, context.resource_group, context.management_group)


def nested_target(
    parent: Target, *, scope: Value, subscription: Value, resource_group: Value, schema: str
) -> Target:
    """Where a nested deployment goes: `scope`, `subscriptionId` and `resourceGroup` of its resource (None = not
    written), and the scope that the nested template's schema names."""
    if isinstance(scope, str):
        return _named_scope(parent, scope)
    if isinstance(scope, Unknown):
        return _unknown_scope(parent, scope, schema)
    moved_to = (
        subscription if isinstance(subscription, (str, Unknown)) and subscription else parent.subscription
    )
    if isinstance(resource_group, (str, Unknown)) and resource_group:
        same = moved_to == parent.subscription and resource_group == parent.resource_group
        return replace(
            parent,
            scope="resourceGroup",
            subscription=moved_to,
            resource_group=resource_group,
            moved=parent.moved or not same or parent.scope != "resourceGroup",
        )
    if subscription is None:
        if schema == "subscription" and parent.scope == "resourceGroup":
            return replace(parent, scope="subscription", resource_group="")
        return parent
    if parent.scope == "resourceGroup" and schema == "resourceGroup":
        return replace(parent, subscription=moved_to, moved=parent.moved or moved_to != parent.subscription)
    moved = parent.moved or moved_to != parent.subscription
    return replace(parent, scope="subscription", subscription=moved_to, resource_group="", moved=moved)


def _named_scope(parent: Target, scope: str) -> Target:
    group = _MANAGEMENT_GROUP.fullmatch(scope)
    if group:
        moved = parent.moved or group[1] != parent.management_group
        return Target("managementGroup", management_group=group[1], moved=moved)
    place = _GROUP_SCOPE.fullmatch(scope if scope.startswith("/") else f"/{scope}")
    if place is None:
        return Target("tenant", moved=parent.moved or parent.scope != "tenant") if scope == "/" else parent
    kind = "resourceGroup" if place[2] else "subscription"
    moved = parent.moved or (place[1], place[2] or "") != (parent.subscription, parent.resource_group)
    return replace(parent, scope=kind, subscription=place[1], resource_group=place[2] or "", moved=moved)


def _unknown_scope(parent: Target, scope: Unknown, schema: str) -> Target:
    """A scope whose id is not known, of the kind that the nested template's schema names."""
    last = Unknown(f"last(split({scope.expression}, '/'))")
    kind = schema or parent.scope
    if kind == "managementGroup":
        return Target(kind, management_group=last, moved=True)
    if kind == "tenant":
        return Target(kind, moved=True)
    if kind == "subscription":
        return replace(parent, scope=kind, subscription=last, resource_group="", moved=True)
    subscription = Unknown(f"split({scope.expression}, '/')[2]")
    return replace(parent, scope=kind, subscription=subscription, resource_group=last, moved=True)


def path(kind: str, names: Sequence[str]) -> str:
    """`/providers/Namespace/type/name/…`: as many names as the type has segments after its namespace."""
    namespace, *types = kind.split("/")
    pairs = "/".join(f"{one}/{name}" for one, name in zip(types, names, strict=False))
    return f"/providers/{namespace}/{pairs}"


def resource_ids(target: Target, kind: str, names: Sequence[Value]) -> tuple[Value, ...]:
    """The id of a resource, and after it the other forms in which expressions of the template may give it.

    Unknown parts give the function call that Azure would have to answer.
    """
    known = [name for name in names if isinstance(name, str)]
    folded = fold(kind)
    plain = reduced_call("resourceId", [kind, *names])
    at_subscription = reduced_call("subscriptionResourceId", [kind, *names])
    if len(known) < len(names):
        return _unknown_ids(target, kind, names)
    if folded == "microsoft.resources/subscriptions":
        return (f"/subscriptions/{known[0]}",)
    if target.scope == "tenant" or folded in _TENANT_LEVEL:
        return (path(kind, known),)
    scope = target.id()
    if (
        target.scope == "subscription"
        and isinstance(scope, str)
        and folded == "microsoft.resources/resourcegroups"
    ):
        return (f"{scope}/resourceGroups/{known[0]}", plain, at_subscription)
    if not isinstance(scope, str):
        return _unknown_ids(target, kind, names)
    found = scope + path(kind, known)
    if target.scope == "managementGroup":
        return (found, path(kind, known))
    return (found,)


def _unknown_ids(target: Target, kind: str, names: Sequence[Value]) -> tuple[Value, ...]:
    plain = reduced_call("resourceId", [kind, *names])
    if target.scope == "tenant" or fold(kind) in _TENANT_LEVEL:
        return (reduced_call("tenantResourceId", [kind, *names]), plain)
    if target.scope == "managementGroup":
        group = (target.management_group,) if target.moved and target.management_group else ()
        return (reduced_call("managementGroupResourceId", [*group, kind, *names]), plain)
    moved = target.moved and target.subscription
    subscription = (target.subscription,) if moved else ()
    if target.scope == "subscription":
        found = reduced_call("subscriptionResourceId", [*subscription, kind, *names])
        return (found, reduced_call("subscriptionResourceId", [kind, *names]), plain)
    group = (target.resource_group,) if target.moved and target.resource_group else ()
    return (reduced_call("resourceId", [*subscription, *group, kind, *names]), plain)


def extension_id(scope: Value, kind: str, names: Sequence[Value], target: Target) -> Value:
    """The id of a resource with a `scope`: `/` (the tenant), a full id, or `type/name` in the deployment's scope."""
    known = [name for name in names if isinstance(name, str)]
    if isinstance(scope, str):
        holder = _scope_id(scope, target)
        if isinstance(holder, str) and len(known) == len(names):
            return holder + path(kind, known)
        scope = holder if holder != "" else scope
    return reduced_call("extensionResourceId", [scope, kind, *names])


def _scope_id(scope: str, target: Target) -> Value:
    if scope.startswith("/"):
        return scope.rstrip("/")
    if _MANAGEMENT_GROUP.fullmatch(scope):
        return f"/providers/{scope.rstrip('/')}"
    if fold(scope).startswith("subscriptions/"):
        return f"/{scope}"
    namespace, *pairs = scope.split("/")
    kind, names = "/".join([namespace, *pairs[::2]]), pairs[1::2]
    return resource_ids(target, kind, names)[0]
