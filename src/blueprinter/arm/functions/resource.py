"""Resource functions (Microsoft Learn, "Resource functions for ARM templates").

Ids are made here; what Azure only knows after deployment is left to the context.
"""

from __future__ import annotations

import re
from typing import Any

from blueprinter.arm.model import ExpressionError, TemplateContext, Value
from blueprinter.arm.rows import (
    TEMPLATE,
    Category,
    Code,
    FormCompiler,
    FunctionRow,
    Unknowns,
    contextual,
    special,
    takes,
)
from blueprinter.arm.syntax import Call, reduced_call

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ROOTED = {
    "microsoft.resources/resourcegroups": "resourceGroups",
    "microsoft.resources/subscriptions": "subscriptions",
}


def _split(name: str, arguments: tuple[str, ...], most: int) -> tuple[list[str], str, tuple[str, ...]]:
    """The arguments before the type (the first that holds a `/`), the type, and the names, which must fit it."""
    place = next((index for index, text in enumerate(arguments) if "/" in text), -1)
    if place < 0:
        raise ExpressionError(
            f"`{name}` needs a full resource type such as `Microsoft.Storage/storageAccounts`"
        )
    if place > most:
        raise ExpressionError(f"`{name}` takes at most {most} arguments before the resource type")
    kind, names = arguments[place].strip("/"), arguments[place + 1 :]
    if len(names) != kind.count("/") or not names:
        wanted = max(kind.count("/"), 1)
        raise ExpressionError(f"the resource type `{kind}` needs {wanted} names, {len(names)} given")
    return list(arguments[:place]), kind, names


def _path(kind: str, names: tuple[str, ...]) -> str:
    namespace, *types = kind.split("/")
    pairs = "/".join(f"{one}/{name}" for one, name in zip(types, names, strict=True))
    return f"/providers/{namespace}/{pairs}"


def _resource_id(context: TemplateContext, *arguments: str) -> Value:
    scope = context.deployment
    before, kind, names = _split("resourceId", arguments, 2)
    subscription, group = scope.subscription_id, scope.resource_group
    if len(before) == 2:
        subscription, group = before
    elif before and _GUID.fullmatch(before[0]):
        subscription = before[0]
    elif before:
        group = before[0]
    rooted = kind.casefold()
    if rooted == "microsoft.resources/subscriptions":
        return f"/subscriptions/{names[0]}"
    if scope.scope in ("tenant", "managementGroup") and not before:
        return _path(kind, names)
    if not subscription:
        return context.unresolved_id("resourceId", arguments)
    if rooted in _ROOTED:
        return f"/subscriptions/{subscription}/{_ROOTED[rooted]}/{names[0]}"
    if scope.scope == "resourceGroup" or len(before) == 2 or (before and group == before[0]):
        if not group:
            return context.unresolved_id("resourceId", arguments)
        return f"/subscriptions/{subscription}/resourceGroups/{group}{_path(kind, names)}"
    return f"/subscriptions/{subscription}{_path(kind, names)}"


def _subscription_resource_id(context: TemplateContext, *arguments: str) -> Value:
    before, kind, names = _split("subscriptionResourceId", arguments, 1)
    subscription = before[0] if before else context.deployment.subscription_id
    if not subscription:
        return context.unresolved_id("subscriptionResourceId", arguments)
    if kind.casefold() == "microsoft.resources/resourcegroups":
        return f"/subscriptions/{subscription}/resourceGroups/{names[0]}"
    return f"/subscriptions/{subscription}{_path(kind, names)}"


def _tenant_resource_id(context: TemplateContext, *arguments: str) -> Value:
    _, kind, names = _split("tenantResourceId", arguments, 0)
    if kind.casefold() == "microsoft.resources/subscriptions":
        return f"/subscriptions/{names[0]}"
    return _path(kind, names)


def _management_group_resource_id(context: TemplateContext, *arguments: str) -> Value:
    before, kind, names = _split("managementGroupResourceId", arguments, 1)
    group = before[0] if before else context.deployment.management_group
    if not group:
        return reduced_call("managementGroupResourceId", arguments)
    return f"/providers/Microsoft.Management/managementGroups/{group}{_path(kind, names)}"


def _extension_resource_id(context: TemplateContext, scope: str, *arguments: str) -> Value:
    _, kind, names = _split("extensionResourceId", arguments, 0)
    return f"{scope.rstrip('/')}{_path(kind, names)}"


def _reference(context: TemplateContext, *arguments: Value) -> Value:
    return context.reference(arguments)


def _references(context: TemplateContext, *arguments: Value) -> Value:
    return context.references(arguments)


def _list(compiler: FormCompiler, call: Call) -> Code:
    codes = [compiler.compile(argument) for argument in call.arguments]
    name = call.name

    def code(context: Any, bindings: tuple[Value, ...]) -> Value:
        found: Value = context.list_function(name, tuple(step(context, bindings) for step in codes))
        return found

    return code


def _runtime(name: str, summary: str, *signature: str) -> FunctionRow:
    def ask(context: TemplateContext, *arguments: Value) -> Value:
        return context.runtime(name, arguments)

    return FunctionRow(
        name, Category.RESOURCE, takes(*signature), summary, contextual(ask, TEMPLATE, Unknowns.SEEN)
    )


ROWS = (
    FunctionRow(
        "extensionResourceId",
        Category.RESOURCE,
        takes("resourceId: string", "resourceType: string", "resourceName...: string"),
        "the id of a resource that extends another",
        contextual(_extension_resource_id, TEMPLATE),
    ),
    FunctionRow(
        "list*",
        Category.RESOURCE,
        takes("resourceName: any", "apiVersion?: any", "functionValues?: any", "options?: any"),
        "what a list operation of the resource returns, such as its keys",
        special(_list, TEMPLATE),
    ),
    FunctionRow(
        "managementGroupResourceId",
        Category.RESOURCE,
        takes("groupOrType: string", "typeOrName: string", "more?...: string"),
        "the id of a resource at a management group",
        contextual(_management_group_resource_id, TEMPLATE),
    ),
    _runtime(
        "pickZones",
        "zones that a region offers for a resource type",
        "providerNamespace: any",
        "resourceType: any",
        "location: any",
        "numberOfZones?: any",
        "offset?: any",
    ),
    _runtime("providers", "what a resource provider offers", "providerNamespace: any", "resourceType?: any"),
    FunctionRow(
        "reference",
        Category.RESOURCE,
        takes("resourceNameOrId: any", "apiVersion?: any", "full?: any"),
        "the properties of a resource at run time",
        contextual(_reference, TEMPLATE, Unknowns.SEEN),
    ),
    FunctionRow(
        "references",
        Category.RESOURCE,
        takes("symbolicName: any", "full?: any", "properties?: any"),
        "the properties of all resources of a loop at run time",
        contextual(_references, TEMPLATE, Unknowns.SEEN),
    ),
    FunctionRow(
        "resourceId",
        Category.RESOURCE,
        takes("subscriptionOrGroupOrType: string", "more...: string"),
        "the id of a resource",
        contextual(_resource_id, TEMPLATE),
    ),
    _runtime("resourceInfo", "id, name, type and version of a resource of the template", "symbolicName: any"),
    _runtime("roleDefinitions", "a built-in role by its name", "roleName: any"),
    FunctionRow(
        "subscriptionResourceId",
        Category.RESOURCE,
        takes("subscriptionOrType: string", "typeOrName: string", "more?...: string"),
        "the id of a resource at a subscription",
        contextual(_subscription_resource_id, TEMPLATE),
    ),
    FunctionRow(
        "tenantResourceId",
        Category.RESOURCE,
        takes("resourceType: string", "resourceName...: string"),
        "the id of a resource at the tenant",
        contextual(_tenant_resource_id, TEMPLATE),
    ),
    _runtime(
        "toLogicalZone",
        "the logical zone of a physical one",
        "subscriptionId: any",
        "location: any",
        "zone: any",
    ),
    _runtime(
        "toLogicalZones",
        "the logical zones of physical ones",
        "subscriptionId: any",
        "location: any",
        "zones: any",
    ),
    _runtime(
        "toPhysicalZone",
        "the physical zone of a logical one",
        "subscriptionId: any",
        "location: any",
        "zone: any",
    ),
    _runtime(
        "toPhysicalZones",
        "the physical zones of logical ones",
        "subscriptionId: any",
        "location: any",
        "zones: any",
    ),
)
