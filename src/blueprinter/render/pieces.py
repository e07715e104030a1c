"""The parts of a template that a blueprint's building blocks become, and how a part is put into a nested deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from blueprinter.arm import Call, Literal, Node, Property, is_expression, node_text
from blueprinter.casing import fold
from blueprinter.document import Json
from blueprinter.render.model import ScopeKind

Body = dict[str, Json]

SCHEMAS = {
    ScopeKind.SUBSCRIPTION: "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#",
    ScopeKind.MANAGEMENT_GROUP: (
        "https://schema.management.azure.com/schemas/2019-08-01/managementGroupDeploymentTemplate.json#"
    ),
}
GROUP_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
PARAMETERS_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
DEPLOYMENTS, DEPLOYMENTS_API = "Microsoft.Resources/deployments", "2025-04-01"
GROUPS, GROUPS_API = "Microsoft.Resources/resourceGroups", "2024-11-01"
ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"
DEFINITIONS = "Microsoft.Authorization/policyDefinitions"
SETS = "Microsoft.Authorization/policySetDefinitions"
POLICY_API = "2025-03-01"
ROLES, ROLES_API = "Microsoft.Authorization/roleAssignments", "2022-04-01"
IDENTITY_API = "2023-01-31"
_VALUES = "values"


class Piece(Struct):
    """What one building block becomes: resources, and the ids that others wait for."""

    name: str
    """Name of the artifact, placeholder of the resource group, or empty."""
    stage: str
    """Pieces in a row with the same stage are deployed side by side; empty = alone."""
    resources: list[Body] = field(default_factory=list)
    ids: list[Node] = field(default_factory=list)
    """What `dependsOn` of others names."""
    after: dict[str, None] = field(default_factory=dict)
    """Names of the pieces that it waits for by itself."""


class Granted(Struct):
    """Role assignments made so far: Azure takes one of a principal, a role and a scope (RoleAssignmentExists)."""

    _keys: set[tuple[str, ...]] = field(default_factory=set)

    def is_first(self, *parts: str) -> bool:
        """Whether nothing had the same parts before; from now on something has."""
        key = tuple(map(fold, parts))
        first = key not in self._keys
        self._keys.add(key)
        return first


def resource_id(kind: ScopeKind, type: str, name: Node) -> Node:
    """The id of a resource of the template's own scope."""
    if kind is ScopeKind.SUBSCRIPTION:
        return Call("subscriptionResourceId", (Literal(type), name))
    return in_scope(_member(Call("managementGroup", ()), "id"), type, name)


def group_id(name: Node) -> Node:
    """The id of a resource group of the subscription."""
    return Call("subscriptionResourceId", (Literal(GROUPS), name))


def in_scope(scope: Node, type: str, name: Node) -> Node:
    """The id of a resource that extends a scope."""
    return Call("extensionResourceId", (scope, Literal(type), name))


def member(base: Node, *names: str) -> Node:
    """`base.a.b`."""
    for name in names:
        base = _member(base, name)
    return base


def bracketed(node: Node) -> str:
    """A node as the value of a property."""
    return f"[{node_text(node)}]"


def text_value(node: Node) -> str:
    """A node as the value of a property; a text as itself."""
    if isinstance(node, Literal) and isinstance(node.value, str):
        text = node.value
        return f"[{text}" if text[:1] == "[" and text[-1:] == "]" else text
    return bracketed(node)


def let_wait(resource: Body, ids: Iterable[str]) -> None:
    """Adds to what a resource waits for; `dependsOn` stands before its properties."""
    held = resource.get("dependsOn")
    listed = [*(held if isinstance(held, list) else []), *ids]
    if listed:
        properties = resource.pop("properties", None)
        resource["dependsOn"] = list(dict.fromkeys(map(str, listed)))
        resource["properties"] = properties


def template(schema: str, resources: list[Body], **parts: Json) -> Body:
    """A template with its parts in Azure's order; empty parts are left out."""
    body: Body = {"$schema": schema, "contentVersion": "1.0.0.0"}
    for key in ("metadata", "parameters", "variables"):
        if parts.get(key):
            body[key] = parts[key]
    body["resources"] = list(resources)
    if parts.get("outputs"):
        body["outputs"] = parts["outputs"]
    return body


def nested(
    name: str,
    inner: Json,
    *,
    group: Node | None = None,
    location: str = "",
    subscription: str = "",
    parameters: Mapping[str, Json] | None = None,
) -> Body:
    """A nested deployment whose template Azure evaluates by itself (inner scope), incremental."""
    body: Body = {"type": DEPLOYMENTS, "apiVersion": DEPLOYMENTS_API, "name": name}
    if subscription:
        body["subscriptionId"] = subscription
    if group is not None:
        body["resourceGroup"] = text_value(group)
    else:
        body["location"] = location
    properties: Body = {
        "mode": "Incremental",
        "expressionEvaluationOptions": {"scope": "inner"},
        "template": inner,
    }
    if parameters:
        properties["parameters"] = dict(parameters)
    body["properties"] = properties
    return body


class Handover(Struct):
    """Values of the outer template that an inner one needs: one parameter, an object, holds them all."""

    values: Body = field(default_factory=dict)

    def inside(self, value: Json) -> Json:
        """A value as it stands in the inner template: expressions of the outer one are handed over."""
        if isinstance(value, str) and is_expression(value):
            name = next((name for name, held in self.values.items() if held == value), "")
            name = name or f"v{len(self.values) + 1}"
            self.values[name] = value
            return f"[parameters('{_VALUES}').{name}]"
        if isinstance(value, list):
            return [self.inside(one) for one in value]
        if isinstance(value, dict):
            # a key that is an expression only spells a name, and does so inside as well
            return {key: self.inside(one) for key, one in value.items()}
        return value

    def declared(self) -> Body:
        """The inner template's parameters."""
        return {_VALUES: {"type": "object"}} if self.values else {}

    def given(self) -> Body:
        """What the nested deployment gives for them."""
        return {_VALUES: {"value": dict(self.values)}} if self.values else {}


def _member(base: Node, name: str) -> Node:
    return Property(base, Literal(name))
