"""What must be there before something can be put into it: subscriptions, resource groups, parents, providers."""

from __future__ import annotations

from blueprinter.arm import parse_id
from blueprinter.casing import fold, same
from blueprinter.sandbox.addresses import check_names
from blueprinter.sandbox.hierarchy import SUBSCRIPTION_TYPE, subscription_id
from blueprinter.sandbox.implied import comes_with_parent
from blueprinter.sandbox.model import Box, Refusal, Stored

RESOURCE_GROUP_TYPE = "Microsoft.Resources/resourceGroups"
GROUP_DELETION = "resource group deletion"
"""The kind of the work that deletes a resource group."""


def check_container(box: Box, id: str) -> None:
    """Refuses an id whose subscription, resource group or parent resource does not exist, or whose resource
    provider is not registered with the subscription."""
    parts = parse_id(id)
    if parts is None:
        raise Refusal(400, "InvalidResourceId", f"The resource id '{id}' is invalid.")
    check_names(id)
    if parts.subscription_id:
        check_subscription(box, parts.subscription_id)
        namespace = _namespace(id)
        if namespace and is_unregistered(box, parts.subscription_id, namespace):
            raise Refusal(
                409,
                "MissingSubscriptionRegistration",
                f"The subscription is not registered to use namespace '{namespace}'. See "
                "https://aka.ms/rps-not-found for how to register subscriptions.",
                details=[
                    {
                        "code": "MissingSubscriptionRegistration",
                        "target": namespace,
                        "message": f"The subscription is not registered to use namespace '{namespace}'. See "
                        "https://aka.ms/rps-not-found for how to register subscriptions.",
                    }
                ],
            )
    if parts.resource_group:
        _check_group_takes_work(box, parts.subscription_id, parts.resource_group, parts.type)
    parent = parse_id(parts.parent) if parts.parent else None
    if (
        parent is not None
        and "/" in parent.type
        and _is_resource(parts.parent)
        and not box.store.has(parts.parent)
        and not comes_with_parent(box, parts.parent)
    ):
        code = "ParentResourceNotFound"
        raise Refusal(
            404,
            code,
            f"Can not perform requested operation on nested resource. Parent resource '{parent.name}' not found.",
        )


def check_subscription(box: Box, subscription: str) -> Stored:
    """The subscription. Raises `Refusal` 404 `SubscriptionNotFound`."""
    found = box.store.get(subscription_id(subscription))
    if found is None or not same(found.type, SUBSCRIPTION_TYPE):
        raise Refusal(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")
    return found


def _check_group_takes_work(box: Box, subscription: str, name: str, type: str) -> None:
    """The group of a resource must exist, and neither it nor what it holds is written while it is being deleted."""
    if same(type, RESOURCE_GROUP_TYPE):
        group = box.store.get(f"/subscriptions/{subscription}/resourceGroups/{name}")
    else:
        group = check_resource_group(box, subscription, name)
    if group is None or group.body.get("properties", {}).get("provisioningState") != "Deleting":
        return
    if any(operation.kind == GROUP_DELETION for operation in box.running(group.id)):
        raise Refusal(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{name}' is in deprovisioning state and cannot perform this operation.",
        )


def check_resource_group(box: Box, subscription: str, name: str) -> Stored:
    """The resource group. Raises `Refusal` 404 `ResourceGroupNotFound`."""
    found = box.store.get(f"/subscriptions/{subscription}/resourceGroups/{name}")
    if found is None:
        raise Refusal(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
    return found


def check_scope(box: Box, scope: str) -> None:
    """Refuses a scope that does not exist: an object is put on a subscription, a resource group, a resource or a
    management group that is there. "" is the tenant."""
    if not scope or box.store.has(scope):
        return
    parts = parse_id(scope)
    if parts is not None and parts.subscription_id:
        check_subscription(box, parts.subscription_id)
        if parts.resource_group:
            check_resource_group(box, parts.subscription_id, parts.resource_group)
    raise not_found(scope)


def is_unregistered(box: Box, subscription: str, namespace: str) -> bool:
    """Whether somebody took the registration of a resource provider back: at first all are registered."""
    return box.store.note(registration_key(subscription, namespace)) is not None


def registration_key(subscription: str, namespace: str) -> str:
    return f"registration:{fold(subscription)}:{fold(namespace)}"


def not_found(id: str) -> Refusal:
    """404 `ResourceNotFound` as Azure words it."""
    parts = parse_id(id)
    if parts is None or not parts.type:
        return Refusal(404, "NotFound", f"The resource '{id}' could not be found.")
    name = _type_and_name(parts.type, parts.name)
    where = f" under resource group '{parts.resource_group}'" if parts.resource_group else ""
    return Refusal(
        404,
        "ResourceNotFound",
        f"The Resource '{name}'{where} was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
    )


def _type_and_name(type: str, name: str) -> str:
    """`Microsoft.Sql/servers/one/databases/two`."""
    namespace, *types = type.split("/")
    pairs = zip(types, name.split("/"), strict=False)
    return "/".join([namespace, *(part for pair in pairs for part in pair)])


def _namespace(id: str) -> str:
    segments = id.split("/")
    folded = [fold(segment) for segment in segments]
    if "providers" not in folded:
        return ""
    last = len(folded) - 1 - folded[::-1].index("providers")
    return segments[last + 1] if last + 1 < len(segments) else ""


def _is_resource(id: str) -> bool:
    return "/providers/" in fold(id)
